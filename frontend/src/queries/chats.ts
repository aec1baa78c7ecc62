/** The chats: the list, and one with its topics. */
import { type QueryClient, queryOptions, useQuery } from "@tanstack/react-query";
import { caughtUp } from "../live/caughtUp";
import { foldedChats, newestFirst } from "../live/chats";
import { api, type Chat, type LiveEvent, unwrap } from "./api";

export const chatsKey = ["chats"] as const;
export const chatKey = (chatId: number) => ["chat", chatId] as const;

async function fetchChats(signal: AbortSignal): Promise<readonly Chat[]> {
  const [{ chats }, missed] = await caughtUp(() => unwrap(api.GET("/api/chats", { signal })));
  return foldedChats(newestFirst(chats), missed);
}

const chatsOptions = queryOptions({ queryKey: chatsKey, queryFn: ({ signal }) => fetchChats(signal) });

export function useChats() {
  return useQuery(chatsOptions);
}

/** The title of a chat that is mirrored here. */
export function useChatTitle(chatId: number | null): string | undefined {
  const select = (chats: readonly Chat[]) => chats.find(({ chat_id }) => chat_id === chatId)?.title;
  return useQuery({ ...chatsOptions, enabled: chatId !== null, select }).data;
}

/** One chat with its topics; the list's entry stands in until it has arrived. */
export function useChat(chatId: number) {
  const listed = useChats().data?.find((chat) => chat.chat_id === chatId);
  const query = useQuery({
    queryKey: chatKey(chatId),
    queryFn: ({ signal }) =>
      unwrap(api.GET("/api/chats/{chat_id}", { params: { path: { chat_id: chatId } }, signal })),
  });
  return { ...query, listed };
}

export function foldIntoChats(client: QueryClient, events: readonly LiveEvent[]): void {
  client.setQueryData<readonly Chat[]>(chatsKey, (chats) => chats && foldedChats(chats, events));
}
