/** What is said of a dead letter in a few words. */
import type { DeadLetter } from "../../queries/api";

export function stateOf(letter: DeadLetter): "open" | "replayed" | "discarded" {
  return letter.resolution ?? "open";
}

/** Where it belongs: the chat and the message, as far as they are known. */
export function placeOf({ chat_title, chat_id, message_id, kind }: DeadLetter): string {
  const chat = chat_title ?? (chat_id === null ? null : `Chat ${chat_id}`);
  const message = message_id === null ? null : `message ${message_id}`;
  const place = [chat, message].filter(Boolean).join(", ");
  return place === "" ? `A ${kind} of no chat` : place;
}
