/** Every text that a message had. */
import { useQuery } from "@tanstack/react-query";
import { api, type Message, unwrap } from "./api";

export function useRevisions(message: Message) {
  const { chat_id, message_id, edited_at } = message;
  return useQuery({
    // A further edit is another key, so an open history shows it at once.
    queryKey: ["revisions", chat_id, message_id, edited_at, message.revision_count],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET("/api/messages/{chat_id}/{message_id}/revisions", {
          params: { path: { chat_id, message_id } },
          signal,
        }),
      ),
  });
}
