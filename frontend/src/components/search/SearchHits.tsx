/** What was found; each hit opens in its context. */
import { Link } from "wouter";
import type { SearchHit } from "../../queries/api";
import { chatAddress } from "../address";
import { formatMoment, formatRecent } from "../format";
import { Highlighted } from "../text/Highlighted";
import { ImportedMark } from "../timeline/ImportedMark";
import { kindOf } from "../timeline/media";
import { Avatar } from "../ui/Avatar";
import { useRovingKeys } from "../useRovingKeys";
import classes from "./Search.module.css";

export function SearchHits({ hits }: { hits: readonly SearchHit[] }) {
  const onKeyDown = useRovingKeys("a[data-hit]");
  return (
    <ol className={classes.hits} aria-label="Matches" onKeyDown={onKeyDown}>
      {hits.map((hit, index) => (
        <Hit key={`${hit.message.chat_id}/${hit.message.message_id}`} hit={hit} isFirst={index === 0} />
      ))}
    </ol>
  );
}

function Hit({ hit: { message, chat_title, snippet }, isFirst }: { hit: SearchHit; isFirst: boolean }) {
  const { sender, media, deleted_at } = message;
  const content = <Highlighted snippet={snippet} />;
  return (
    <li>
      <Link
        href={chatAddress(message.chat_id, { at: message.message_id })}
        className={classes.hit}
        data-hit={message.message_id}
        data-skip-target={isFirst ? "" : undefined}
      >
        <Avatar id={sender?.id ?? message.chat_id} name={sender?.name ?? chat_title} size={40} />
        <span className={classes.hitBody}>
          <span className={classes.hitHead}>
            <bdi className={classes.hitSender}>{sender?.name ?? chat_title}</bdi>
            {sender && sender.name !== chat_title ? (
              <bdi className={classes.hitChat}>{chat_title}</bdi>
            ) : null}
            <span className={classes.hitTime}>
              <ImportedMark messages={[message]} />{" "}
              <time dateTime={message.date} title={formatMoment(message.date)}>
                {formatRecent(message.date)}
              </time>
            </span>
          </span>
          <span className={classes.snippet} dir="auto">
            {media ? <bdi className={classes.hitKind}>{kindOf(media.kind).label} </bdi> : null}
            {deleted_at ? <del>{content}</del> : content}
          </span>
        </span>
      </Link>
    </li>
  );
}
