/** Asks what to export, and then shows how it goes on the page of exports. */
import "@mantine/core/styles/CloseButton.css";
import "@mantine/core/styles/Combobox.css";
import "@mantine/core/styles/Paper.css";
import "@mantine/core/styles/Pill.css";
import "@mantine/core/styles/PillsInput.css";
import "@mantine/core/styles/Popover.css";
import "@mantine/core/styles/ScrollArea.css";
import { Button, MultiSelect } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useLocation } from "wouter";
import { useChats } from "../../queries/chats";
import { type Choice, chosen, isReversed, toRequest, useCreateExport } from "../../queries/exports";
import { Dialog } from "../ui/Dialog";
import { Contents } from "./Contents";
import classes from "./Exports.module.css";
import { Filters } from "./Filters";
import { FormatChoice } from "./FormatChoice";

interface Props {
  readonly chats: readonly number[];
  readonly topicId?: number | null;
  readonly onClose: () => void;
}

export default function ExportDialog({ chats, topicId = null, onClose }: Props) {
  const [choice, setChoice] = useState<Choice>(() => chosen(chats, topicId));
  const [, navigate] = useLocation();
  const create = useCreateExport();
  const change = (part: Partial<Choice>) => setChoice((before) => ({ ...before, ...part }));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isReversed(choice)) return;
    create.mutate(toRequest(choice), {
      onSuccess: () => {
        onClose();
        navigate("/exports");
      },
    });
  };
  return (
    <Dialog title="New export" onClose={onClose}>
      <form className={classes.form} onSubmit={submit}>
        <Chats chats={choice.chats} onChange={(next) => change({ chats: next, topic: null })} />
        <FormatChoice format={choice.format} onChange={(format) => change({ format })} />
        <Filters choice={choice} onChange={change} />
        <Contents choice={choice} onChange={change} />
        {create.error ? (
          <p className={classes.problem} role="alert">
            {create.error.message}
          </p>
        ) : null}
        <div className={classes.answers}>
          <Button size="md" variant="default" onClick={onClose}>
            Close
          </Button>
          <Button size="md" type="submit" loading={create.isPending} disabled={isReversed(choice)}>
            Export
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function Chats({
  chats,
  onChange,
}: {
  chats: readonly number[];
  onChange: (chats: readonly number[]) => void;
}) {
  const { data } = useChats();
  return (
    <MultiSelect
      size="md"
      label="Chats"
      placeholder={chats.length === 0 ? "All chats" : undefined}
      searchable
      clearable
      hidePickedOptions
      clearButtonProps={{ "aria-label": "All chats" }}
      nothingFoundMessage="No chat matches"
      comboboxProps={{ shadow: "md" }}
      value={chats.map(String)}
      onChange={(values) => onChange(values.map(Number))}
      data={(data ?? []).map(({ chat_id, title }) => ({ value: String(chat_id), label: title }))}
    />
  );
}
