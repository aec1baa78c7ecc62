/** One chat. The URL says which topic and which message: /chat/:id?topic=5&at=1234. */
import { useMemo } from "react";
import { useSearchParams } from "wouter";
import { ChatHeader } from "../components/chats/ChatHeader";
import { ChatNotice } from "../components/chats/ChatNotice";
import { TopicTabs } from "../components/chats/TopicTabs";
import { Timeline } from "../components/timeline/Timeline";
import { NotFound, Placeholder } from "../components/ui/Placeholder";
import { ErrorState } from "../components/ui/States";
import { useTitle } from "../components/useTitle";
import { Problem } from "../queries/api";
import { useChat } from "../queries/chats";

export function ChatPage({ id }: { id: string }) {
  return /^-?\d+$/.test(id) && Number.isSafeInteger(Number(id)) ? (
    <OpenChat chatId={Number(id)} />
  ) : (
    <NotFound what="chat" />
  );
}

function OpenChat({ chatId }: { chatId: number }) {
  const [parameters] = useSearchParams();
  const at = whole(parameters.get("at"));
  const topicId = whole(parameters.get("topic"));
  const { data, listed, error, refetch } = useChat(chatId);
  // The list's entry has the live counts, the chat's own answer has its topics.
  const chat = listed ?? data;
  useTitle(chat?.title ?? null);
  const scope = useMemo(() => ({ chatId, topicId }), [chatId, topicId]);
  const facts = useMemo(
    () => ({
      title: chat?.title ?? "Chat",
      isChannel: chat?.kind === "channel",
      isImport: chat?.is_import ?? false,
      topics: new Map(topicId === null ? data?.topics.map((topic) => [topic.topic_id, topic.title]) : []),
    }),
    [chat?.title, chat?.kind, chat?.is_import, data?.topics, topicId],
  );

  if (error instanceof Problem && error.status === 404 && !chat) return <NotFound what="chat" />;
  if (error && !chat) {
    return (
      <Placeholder title="Chat">
        <ErrorState error={error} onRetry={() => void refetch()} />
      </Placeholder>
    );
  }
  return (
    <>
      <ChatHeader chat={chat} scope={scope} />
      {data && data.topics.length > 0 ? <TopicTabs chat={data} topicId={topicId} /> : null}
      {chat ? <ChatNotice chat={chat} /> : null}
      <Timeline
        // Another stretch is another timeline, opened at its own place.
        key={`${chatId}/${topicId}/${at}`}
        scope={scope}
        at={at}
        chat={facts}
      />
    </>
  );
}

function whole(text: string | null): number | null {
  const value = Number(text);
  return text === null || !Number.isSafeInteger(value) || value <= 0 ? null : value;
}
