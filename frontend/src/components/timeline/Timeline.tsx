/** A chat's messages: loading, wrong, empty, or there. */
import { useLocation } from "wouter";
import type { Scope } from "../../live/window";
import { useTimeline } from "../../queries/timeline";
import { chatAddress } from "../address";
import { EmptyState, ErrorState, LoadingRows } from "../ui/States";
import type { ChatFacts } from "./facts";
import { Messages } from "./Messages";

interface Props {
  readonly scope: Scope;
  readonly at: number | null;
  readonly chat: ChatFacts;
}

export function Timeline({ scope, at, chat }: Props) {
  const { data: window, error, refetch } = useTimeline(scope, at);
  const [, navigate] = useLocation();
  if (!window) {
    return error ? (
      <ErrorState error={error} onRetry={() => void refetch()} />
    ) : (
      <LoadingRows count={12} label="Loading messages" />
    );
  }
  if (window.messages.length === 0) {
    return <EmptyState title="No messages here yet" hint="New ones appear as they arrive." />;
  }
  return (
    <Messages
      window={window}
      scope={scope}
      at={at}
      chat={chat}
      onGoTo={(messageId) => navigate(chatAddress(scope.chatId, { topicId: scope.topicId, at: messageId }))}
    />
  );
}
