/** A chat's messages: loading, wrong, empty, or there. */
import { useState } from "react";
import { useLocation } from "wouter";
import type { Scope } from "../../live/window";
import { useTimeline } from "../../queries/timeline";
import { chatAddress } from "../address";
import { EmptyState, ErrorState, LoadingRows } from "../ui/States";
import { isArrival } from "./arrival";
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
  // Asked before the messages are there: on a narrow screen the list is gone by then, and its focus with it.
  const [takesFocus] = useState(() => isArrival(at));
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
      takesFocus={takesFocus}
      onGoTo={(messageId) => navigate(chatAddress(scope.chatId, { topicId: scope.topicId, at: messageId }))}
    />
  );
}
