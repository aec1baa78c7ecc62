/** All chats, the newest message first, with a box that narrows them down. */
import { TextInput } from "@mantine/core";
import { useDeferredValue, useState } from "react";
import { useRoute } from "wouter";
import type { Chat } from "../../queries/api";
import { useChats } from "../../queries/chats";
import { Icon } from "../ui/Icon";
import { EmptyState, ErrorState, LoadingRows } from "../ui/States";
import { useRovingKeys } from "../useRovingKeys";
import classes from "./ChatList.module.css";
import { ChatRow } from "./ChatRow";

export function ChatList() {
  const { data: chats, error, refetch } = useChats();
  const [filter, setFilter] = useState("");
  const wanted = useDeferredValue(filter.trim().toLocaleLowerCase());
  const onKeyDown = useRovingKeys("a[data-chat]");
  return (
    <section
      className={classes.list}
      aria-label="Chats"
      onKeyDown={(event) => onFilterKeys(event, onKeyDown)}
    >
      <TextInput
        className={classes.filter}
        size="md"
        type="search"
        placeholder="Filter chats"
        aria-label="Filter chats by name"
        data-chat-filter
        leftSection={<Icon name="search" size={16} />}
        value={filter}
        onChange={(event) => setFilter(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") setFilter("");
        }}
      />
      {chats ? (
        <Rows chats={chats.filter((chat) => matches(chat, wanted))} isFiltered={wanted !== ""} />
      ) : error ? (
        <ErrorState error={error} onRetry={() => void refetch()} />
      ) : (
        <LoadingRows count={9} label="Loading chats" />
      )}
    </section>
  );
}

function Rows({ chats, isFiltered }: { chats: readonly Chat[]; isFiltered: boolean }) {
  const [, parameters] = useRoute("/chat/:id");
  if (chats.length === 0) {
    return isFiltered ? (
      <EmptyState title="No chat matches" hint="Another spelling may." />
    ) : (
      <EmptyState
        title="No chats yet"
        hint={
          <>
            They appear here as soon as an account has been read, or an export was brought in by{" "}
            <code>heliograph import</code>.
          </>
        }
      />
    );
  }
  return (
    <ul className={classes.rows}>
      {chats.map((chat) => (
        <ChatRow key={chat.chat_id} chat={chat} isOpen={parameters?.id === String(chat.chat_id)} />
      ))}
    </ul>
  );
}

function matches(chat: Chat, wanted: string): boolean {
  return [chat.title, chat.username ?? ""].some((name) => name.toLocaleLowerCase().includes(wanted));
}

/** Letters typed into the box are text; only arrows lead from there into the list. */
function onFilterKeys(
  event: React.KeyboardEvent<HTMLElement>,
  move: (event: React.KeyboardEvent<HTMLElement>) => void,
) {
  const isInBox = event.target instanceof HTMLInputElement;
  if (!isInBox || event.key === "ArrowDown") move(event);
}
