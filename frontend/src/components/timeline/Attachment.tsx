/** An attachment: its file when that is stored, otherwise what there is to say of it and why the file is not here. */
import { useState } from "react";
import { safeAddress } from "../text/address";
import { Icon } from "../ui/Icon";
import classes from "./Attachment.module.css";
import { type File, fileOf, formOf, noteOf } from "./file";
import { detailsOf, kindOf, type Media, text, titleOf } from "./media";
import { StoredFile } from "./StoredFile";

interface Props {
  readonly media: Media;
  /** Who sent it. */
  readonly from?: string | null;
  readonly isTile?: boolean;
}

export function Attachment({ media, from = null, isTile = false }: Props) {
  const [isUnshowable, setUnshowable] = useState(false);
  if (media.kind === "web_page") return <WebPage media={media} />;
  if (media.kind === "poll") return <Poll media={media} />;
  if (media.kind === "todo")
    return <Listed facts="Checklist" title={text(media, "title")} items={media.items} />;
  const file = fileOf(media);
  const form = isUnshowable ? "card" : formOf(media, file);
  if (form !== "card" && file?.address) {
    const shown = { media, file, address: file.address, form, from, isTile };
    return <StoredFile {...shown} onFail={() => setUnshowable(true)} />;
  }
  return <Card media={media} file={file} isTile={isTile} />;
}

function Card({ media, file, isTile }: { media: Media; file: File | null; isTile: boolean }) {
  const look = { className: isTile ? classes.tile : classes.card, "data-media": String(media.kind) };
  const note = noteOf(file);
  const words = (
    <>
      <span className={classes.icon}>
        <Icon name={kindOf(media.kind).icon} size={22} />
      </span>
      <span className={classes.words}>
        <bdi className={classes.title}>{titleOf(named(media, file))}</bdi>
        <span className={classes.details}>{detailsOf(named(media, file))}</span>
        {note ? <span className={classes.note}>{note}</span> : null}
      </span>
    </>
  );
  if (!file?.address) return <div {...look}>{words}</div>;
  return (
    <a {...look} href={file.address} download={file.name ?? ""} title="Download">
      {words}
    </a>
  );
}

/** What the file's place says of it stands in for what the message does not. */
function named(media: Media, file: File | null): Media {
  return { ...media, file_name: media.file_name ?? file?.name, size: media.size ?? file?.size };
}

function WebPage({ media }: { media: Media }) {
  const address = safeAddress(text(media, "url") ?? "");
  const title = text(media, "title") ?? text(media, "url") ?? "Link";
  return (
    <div className={classes.page} dir="auto">
      {text(media, "site_name") ? <span className={classes.details}>{text(media, "site_name")}</span> : null}
      {address ? (
        <a href={address} target="_blank" rel="noopener noreferrer" className={classes.pageTitle}>
          {title}
        </a>
      ) : (
        <span className={classes.title}>{title}</span>
      )}
      {text(media, "description") ? (
        <span className={classes.description}>{text(media, "description")}</span>
      ) : null}
    </div>
  );
}

function Poll({ media }: { media: Media }) {
  const facts = [
    media.is_quiz ? "Quiz" : "Poll",
    media.is_multiple ? "several answers" : null,
    media.is_closed ? "closed" : null,
  ];
  const said = facts.filter(Boolean).join(" · ");
  return <Listed facts={said} title={text(media, "question")} items={media.options} />;
}

interface ListedProps {
  readonly facts: string;
  readonly title: string | null;
  /** As the server gives them. */
  readonly items: unknown;
}

/** What is asked or to be done, one below the other. */
export function Listed({ facts, title, items }: ListedProps) {
  const told = Array.isArray(items) ? items.map(String) : [];
  return (
    <div className={classes.poll} dir="auto">
      <span className={classes.details}>{facts}</span>
      {title ? <span className={classes.title}>{title}</span> : null}
      {told.length > 0 ? (
        <ul>
          {told.map((item, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: two may read alike, and their order never changes
            <li key={index} dir="auto">
              {item}
            </li>
          ))}
        </ul>
      ) : null}
    </div>
  );
}
