/** The place of an attachment. Files are not mirrored yet, so it says what there is: kind, size, duration. */
import { safeAddress } from "../text/address";
import { Icon } from "../ui/Icon";
import classes from "./Attachment.module.css";
import { detailsOf, kindOf, type Media, text, titleOf } from "./media";

export function Attachment({ media, isTile = false }: { media: Media; isTile?: boolean }) {
  if (media.kind === "web_page") return <WebPage media={media} />;
  if (media.kind === "poll") return <Poll media={media} />;
  return (
    <div className={isTile ? classes.tile : classes.card} data-media={String(media.kind)}>
      <span className={classes.icon}>
        <Icon name={kindOf(media.kind).icon} size={22} />
      </span>
      <span className={classes.words}>
        <bdi className={classes.title}>{titleOf(media)}</bdi>
        <span className={classes.details}>{detailsOf(media)}</span>
      </span>
    </div>
  );
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
  const options = Array.isArray(media.options) ? media.options.map(String) : [];
  const facts = [
    media.is_quiz ? "Quiz" : "Poll",
    media.is_multiple ? "several answers" : null,
    media.is_closed ? "closed" : null,
  ];
  return (
    <div className={classes.poll} dir="auto">
      <span className={classes.details}>{facts.filter(Boolean).join(" · ")}</span>
      <span className={classes.title}>{text(media, "question")}</span>
      <ul>
        {options.map((option) => (
          <li key={option} dir="auto">
            {option}
          </li>
        ))}
      </ul>
    </div>
  );
}
