/** The chats, those that need a look first; each opens to its classes, holes and audits. */
import { Button } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import type { ChatIntegrity } from "../../queries/api";
import { formatCount, plural } from "../format";
import { Icon } from "../ui/Icon";
import { useRovingKeys } from "../useRovingKeys";
import { Audits } from "./Audits";
import { ClassBar } from "./ClassBar";
import { Counts } from "./Counts";
import { formatShare } from "./classes";
import { Holes } from "./Holes";
import classes from "./Integrity.module.css";

const SHOWN = 50;

interface Props {
  readonly chats: readonly ChatIntegrity[];
  readonly digests: ReadonlyMap<number, string>;
}

export function ChatLedgers({ chats, digests }: Props) {
  const [limit, setLimit] = useState(SHOWN);
  const onKeyDown = useRovingKeys("summary");
  const ordered = [...chats].sort((a, b) => urgency(b) - urgency(a));
  return (
    <>
      <h2 className={classes.section}>Chats</h2>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the keys move between the chats, which are focusable themselves */}
      <div className={classes.list} onKeyDown={onKeyDown}>
        {ordered.slice(0, limit).map((chat) => (
          <ChatLedger key={chat.chat_id} chat={chat} digest={digests.get(chat.chat_id)} />
        ))}
      </div>
      {ordered.length > limit ? (
        <Button className={classes.more} size="md" variant="default" onClick={() => setLimit(limit + SHOWN)}>
          Show more chats
        </Button>
      ) : null}
    </>
  );
}

/** Ids in no class, then open holes, then warnings. */
function urgency({ ids, hole_count, warnings }: ChatIntegrity): number {
  return ((ids.unaccounted ?? 0) > 0 ? 4 : 0) + (hole_count > 0 ? 2 : 0) + (warnings.length > 0 ? 1 : 0);
}

function ChatLedger({ chat, digest }: { chat: ChatIntegrity; digest: string | undefined }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details
      className={classes.chat}
      data-integrity={chat.chat_id}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary className={classes.summary}>
        <span className={classes.title} dir="auto">
          {chat.title}
        </span>
        {chat.warnings.length > 0 ? <Icon name="warning" size={16} label="Has warnings" /> : null}
        <span className={classes.share}>{formatShare(chat.coverage)}</span>
        <ClassBar ids={chat.ids} />
        <span className={classes.state} data-owed={!chat.is_complete || undefined}>
          {state(chat)}
        </span>
      </summary>
      {isOpen ? (
        <div className={classes.inside}>
          {chat.warnings.map((warning) => (
            <p key={warning} className={classes.warning}>
              {warning}
            </p>
          ))}
          <Counts ids={chat.ids} />
          <p className={classes.note}>{about(chat)}</p>
          <Holes chat={chat} />
          <Audits audits={chat.audits} />
          {digest ? <p className={classes.digest}>{digest}</p> : null}
          <Link className={classes.link} href={`/chat/${chat.chat_id}`}>
            Open the chat
          </Link>
        </div>
      ) : null}
    </details>
  );
}

function state({ hole_count, ids, is_complete }: ChatIntegrity): string {
  if (is_complete) return "complete";
  if (hole_count === 0) return `${formatCount(ids.unaccounted ?? 0)} ids in no class`;
  return plural(hole_count, "open hole");
}

function about({ is_shared, top_id, rechecked, suspects }: ChatIntegrity): string {
  const facts = [
    is_shared
      ? `This group shares ids 1 to ${formatCount(top_id)} with the account's other groups and chats: an id without a message here may be theirs.`
      : `Ids 1 to ${formatCount(top_id)}.`,
    rechecked > 0 && `${formatCount(rechecked)} of the open ids are here and are looked at again.`,
    suspects > 0 && `${plural(suspects, "id")} answered empty once and will be asked for a second time.`,
  ];
  return facts.filter(Boolean).join(" ");
}
