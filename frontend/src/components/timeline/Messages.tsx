/**
 * The messages of a window, virtualised. The reader's place is kept whatever joins above or below; at the live end the
 * newest message is followed.
 */
import { useCallback, useMemo, useRef, useState } from "react";
import type { Scope, Window } from "../../live/window";
import { Announcer } from "./Announcer";
import { arrivalItem } from "./arrival";
import type { ChatFacts } from "./facts";
import { indexOfMessage, items } from "./items";
import classes from "./Messages.module.css";
import { NewestButton } from "./NewestButton";
import { Row } from "./Row";
import { useEdges } from "./useEdges";
import { useFeedKeys } from "./useFeedKeys";
import { usePlace } from "./usePlace";
import { useUnseen } from "./useUnseen";

interface Props {
  readonly window: Window;
  readonly scope: Scope;
  readonly at: number | null;
  readonly chat: ChatFacts;
  /** The reader came here by keyboard or for one message, and goes on from it. */
  readonly takesFocus: boolean;
  /** Opens another stretch of the chat, around a message or at the live end. */
  readonly onGoTo: (messageId: number | null) => void;
}

export function Messages({ window, scope, at, chat, takesFocus, onGoTo }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const hasOlder = window.before !== null;
  const list = useMemo(() => items(window.messages, hasOlder), [window.messages, hasOlder]);
  const [arrivalKey] = useState(() => (takesFocus ? arrivalItem(list, window, at) : null));
  const [activeKey, setActiveKey] = useState(arrivalKey);
  const [isElsewhere] = useState(
    () => at !== null && !window.messages.some(({ message_id }) => message_id === at),
  );
  const [highlighted, setHighlighted] = useState<number | null>(at);
  const { virtualizer, goTo, isAtEnd } = usePlace({ list, window, scroller, at, activeKey });
  const edges = useEdges({ virtualizer, window, scope, at, isAtEnd });
  const unseen = useUnseen(scope, isAtEnd);

  const toNewest = useCallback(() => {
    if (window.after === null) virtualizer.scrollToEnd();
    else onGoTo(null);
  }, [window.after, virtualizer, onGoTo]);
  const jump = useCallback(
    (messageId: number) => {
      const index = indexOfMessage(list, messageId);
      if (index < 0) return onGoTo(messageId);
      goTo(index, "center");
      setHighlighted(messageId);
    },
    [list, goTo, onGoTo],
  );
  const onKeyDown = useFeedKeys({ list, goTo, activeKey, setActiveKey, scroller, toNewest, arrivalKey });
  // Brings the range up to date, too.
  const shown = virtualizer.getVirtualItems();
  // Without a choice of the reader's, Tab enters at the newest message in view.
  const tabStop = activeKey ?? list[virtualizer.range?.endIndex ?? -1]?.key ?? list.at(-1)?.key;

  return (
    <div className={classes.frame}>
      {isElsewhere ? (
        <p className={classes.elsewhere} role="status">
          That message is not here; these are the nearest ones.
        </p>
      ) : null}
      <div className={classes.scroller} ref={scroller} data-timeline>
        <div
          className={classes.feed}
          role="feed"
          aria-label={`Messages of ${chat.title}`}
          aria-busy={edges.isLoading}
          style={{ height: virtualizer.getTotalSize() }}
          onKeyDown={onKeyDown}
        >
          {shown.map(({ index, key, start }) => {
            const item = list[index];
            return item ? (
              <Row
                key={key}
                ref={virtualizer.measureElement}
                index={index}
                start={start}
                item={item}
                chat={chat}
                isTabStop={item.key === tabStop}
                isHighlighted={item.messages.some(({ message_id }) => message_id === highlighted)}
                onFocus={setActiveKey}
                onJump={jump}
              />
            ) : null;
          })}
        </div>
      </div>
      {edges.error ? (
        <div className={classes.problem} role="alert">
          {edges.error.message}
          <button type="button" onClick={edges.retry}>
            Try again
          </button>
        </div>
      ) : null}
      {isAtEnd ? null : <NewestButton count={unseen} onClick={toNewest} />}
      <Announcer scope={scope} title={chat.title} />
    </div>
  );
}
