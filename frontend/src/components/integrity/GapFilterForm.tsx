/** Which gaps are shown. */
import { NativeSelect, TextInput } from "@mantine/core";
import { useChats } from "../../queries/chats";
import type { GapFilter } from "../../queries/gaps";
import classes from "./Integrity.module.css";

interface Props {
  readonly filter: GapFilter;
  readonly onFilter: (filter: GapFilter) => void;
}

export function GapFilterForm({ filter, onFilter }: Props) {
  const { data: chats } = useChats();
  const options = (chats ?? []).map(({ chat_id, title }) => ({ value: String(chat_id), label: title }));
  return (
    <search className={classes.filters}>
      <NativeSelect
        size="md"
        label="Chat"
        value={filter.chat === null ? "" : String(filter.chat)}
        onChange={(event) => onFilter({ ...filter, chat: Number(event.currentTarget.value) || null })}
        data={[{ value: "", label: "All chats" }, ...options]}
      />
      <NativeSelect
        size="md"
        label="State"
        value={filter.isOpen ? "open" : ""}
        onChange={(event) => onFilter({ ...filter, isOpen: event.currentTarget.value === "open" })}
        data={[
          { value: "", label: "Open and closed" },
          { value: "open", label: "Open" },
        ]}
      />
      <TextInput
        size="md"
        type="date"
        label="Noticed since"
        value={filter.since ?? ""}
        onChange={(event) => onFilter({ ...filter, since: event.currentTarget.value || null })}
      />
    </search>
  );
}
