/** Shows whose messages are searched. */
import { CloseButton } from "@mantine/core";
import { type Search, useSearch } from "../../queries/search";
import classes from "./Search.module.css";

export function SenderFilter({ search, onClear }: { search: Search; onClear: () => void }) {
  const { data } = useSearch(search);
  // Only messages carry names; until one is found the id has to do.
  const sender = data?.pages[0]?.hits[0]?.message.sender;
  return (
    <p className={classes.sender}>
      <span>
        Written by <bdi>{sender?.name ?? `sender ${search.sender}`}</bdi>
      </span>
      <CloseButton size={44} aria-label="Search messages of everyone" onClick={onClear} />
    </p>
  );
}
