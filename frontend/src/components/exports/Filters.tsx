/** Which messages are exported; without a choice all of them. */
import { NativeSelect, Select, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { useChat } from "../../queries/chats";
import { type Choice, isReversed } from "../../queries/exports";
import { useSenders } from "../../queries/senders";
import classes from "./Exports.module.css";
import { EXPORT_KINDS } from "./facts";

const TYPING_MS = 200;

interface Props {
  readonly choice: Choice;
  readonly onChange: (part: Partial<Choice>) => void;
}

export function Filters({ choice, onChange }: Props) {
  const isBackwards = isReversed(choice);
  return (
    <fieldset className={classes.filters}>
      <legend>Only these messages</legend>
      <TextInput
        size="md"
        type="date"
        label="From"
        value={choice.from}
        error={isBackwards}
        onChange={(event) => onChange({ from: event.currentTarget.value })}
      />
      <TextInput
        size="md"
        type="date"
        label="To"
        value={choice.to}
        error={isBackwards ? "The last day is before the first." : undefined}
        onChange={(event) => onChange({ to: event.currentTarget.value })}
      />
      <Sender sender={choice.sender} onChange={(sender) => onChange({ sender })} />
      <NativeSelect
        size="md"
        label="Kind"
        value={choice.kind}
        onChange={(event) => onChange({ kind: event.currentTarget.value })}
        data={[{ value: "", label: "Any" }, ...EXPORT_KINDS]}
      />
      {choice.chats.length === 1 && choice.chats[0] !== undefined ? (
        <Topic chatId={choice.chats[0]} topic={choice.topic} onChange={(topic) => onChange({ topic })} />
      ) : null}
      <Either label="Edited" value={choice.edited} onChange={(edited) => onChange({ edited })} />
      <Either label="Deleted" value={choice.deleted} onChange={(deleted) => onChange({ deleted })} />
      <TextInput
        className={classes.wide}
        size="md"
        label="With these words"
        placeholder='Words, a "phrase", or -not'
        maxLength={500}
        value={choice.words}
        onChange={(event) => onChange({ words: event.currentTarget.value })}
      />
    </fieldset>
  );
}

interface EitherProps {
  readonly label: string;
  readonly value: Choice["edited"];
  readonly onChange: (value: Choice["edited"]) => void;
}

function Either({ label, value, onChange }: EitherProps) {
  return (
    <NativeSelect
      size="md"
      label={label}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value as Choice["edited"])}
      data={[
        { value: "", label: "With and without" },
        { value: "only", label: `${label} only` },
        { value: "without", label: `Not ${label.toLowerCase()}` },
      ]}
    />
  );
}

interface TopicProps {
  readonly chatId: number;
  readonly topic: number | null;
  readonly onChange: (topic: number | null) => void;
}

function Topic({ chatId, topic, onChange }: TopicProps) {
  const topics = useChat(chatId).data?.topics ?? [];
  if (topics.length === 0) return null;
  return (
    <NativeSelect
      size="md"
      label="Topic"
      value={topic === null ? "" : String(topic)}
      onChange={(event) => onChange(Number(event.currentTarget.value) || null)}
      data={[
        { value: "", label: "All topics" },
        ...topics.map(({ topic_id, title }) => ({ value: String(topic_id), label: title })),
      ]}
    />
  );
}

function Sender({ sender, onChange }: { sender: number | null; onChange: (sender: number | null) => void }) {
  const [words, setWords] = useState("");
  const [asked] = useDebouncedValue(words, TYPING_MS);
  const { data } = useSenders(asked);
  return (
    <Select
      size="md"
      label="Written by"
      placeholder="Everyone"
      searchable
      clearable
      clearButtonProps={{ "aria-label": "Everyone" }}
      nothingFoundMessage="Nobody is called so"
      comboboxProps={{ shadow: "md" }}
      // The server has found them already.
      filter={({ options }) => options}
      onSearchChange={setWords}
      value={sender === null ? null : String(sender)}
      onChange={(value) => onChange(value === null ? null : Number(value))}
      data={(data ?? []).map(({ id, name, username }) => ({
        value: String(id),
        label: username ? `${name} (@${username})` : name,
      }))}
    />
  );
}
