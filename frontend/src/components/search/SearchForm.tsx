/** The question and its filters. Words are asked for a moment after the last key. */
import "@mantine/core/styles/CloseButton.css";
import "@mantine/core/styles/Combobox.css";
import "@mantine/core/styles/Paper.css";
import "@mantine/core/styles/Popover.css";
import "@mantine/core/styles/ScrollArea.css";
import { Button, NativeSelect, Select, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useEffect, useState } from "react";
import { useChats } from "../../queries/chats";
import { isReversed, type Search } from "../../queries/search";
import { SEARCH_KINDS } from "../timeline/media";
import { Icon } from "../ui/Icon";
import classes from "./Search.module.css";
import { SenderFilter } from "./SenderFilter";

const TYPING_MS = 250;

interface Props {
  readonly search: Search;
  readonly onChange: (part: Partial<Search>) => void;
}

export function SearchForm({ search, onChange }: Props) {
  return (
    <search className={classes.form}>
      <Words words={search.q} onChange={(q) => onChange({ q })} />
      <div className={classes.filters}>
        <ChatFilter chat={search.chat} onChange={(chat) => onChange({ chat })} />
        <NativeSelect
          size="md"
          label="Kind"
          value={search.kind ?? ""}
          onChange={(event) => onChange({ kind: event.currentTarget.value || null })}
          data={[{ value: "", label: "Any" }, ...SEARCH_KINDS]}
        />
        <TextInput
          size="md"
          type="date"
          label="From"
          value={search.from ?? ""}
          error={isReversed(search)}
          onChange={(event) => onChange({ from: event.currentTarget.value })}
        />
        <TextInput
          size="md"
          type="date"
          label="To"
          value={search.to ?? ""}
          error={isReversed(search)}
          onChange={(event) => onChange({ to: event.currentTarget.value })}
        />
      </div>
      {search.sender === null ? null : (
        <SenderFilter search={search} onClear={() => onChange({ sender: null })} />
      )}
      {hasFilter(search) ? (
        <Button
          className={classes.clear}
          size="md"
          variant="subtle"
          onClick={() => onChange({ chat: null, sender: null, kind: null, from: null, to: null })}
        >
          Clear filters
        </Button>
      ) : null}
    </search>
  );
}

function Words({ words, onChange }: { words: string; onChange: (words: string) => void }) {
  const [text, setText] = useState(words);
  const ask = useDebouncedCallback(onChange, TYPING_MS);
  useEffect(() => setText(words), [words]);
  return (
    <TextInput
      size="md"
      type="search"
      // The page was opened to type here.
      autoFocus
      data-search-input
      aria-label="Search for"
      placeholder="Search messages"
      leftSection={<Icon name="search" size={18} />}
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value);
        ask(event.currentTarget.value);
      }}
      onKeyDown={(event) => {
        if (event.key === "Enter") onChange(event.currentTarget.value);
        // With nothing left to clear, Escape leads back to the list as it does everywhere.
        if (event.key === "Escape" && text !== "") {
          event.preventDefault();
          setText("");
          onChange("");
        }
        if (event.key === "ArrowDown") {
          event.preventDefault();
          document.querySelector<HTMLElement>("a[data-hit]")?.focus();
        }
      }}
    />
  );
}

function ChatFilter({ chat, onChange }: { chat: number | null; onChange: (chat: number | null) => void }) {
  const { data: chats } = useChats();
  return (
    <Select
      size="md"
      label="Chat"
      placeholder="All chats"
      searchable
      clearable
      clearButtonProps={{ "aria-label": "All chats" }}
      nothingFoundMessage="No chat matches"
      comboboxProps={{ shadow: "md" }}
      value={chat === null ? null : String(chat)}
      onChange={(value) => onChange(value === null ? null : Number(value))}
      data={(chats ?? []).map(({ chat_id, title }) => ({ value: String(chat_id), label: title }))}
    />
  );
}

function hasFilter({ chat, sender, kind, from, to }: Search): boolean {
  return [chat, sender, kind, from, to].some((value) => value !== null && value !== "");
}
