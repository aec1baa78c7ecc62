/** A message's text with its entities. */
import { Fragment, memo, type ReactNode, useState } from "react";
import { Link } from "wouter";
import type { Entity } from "../../queries/api";
import { searchAddress } from "../../queries/search";
import { safeAddress } from "./address";
import classes from "./RichText.module.css";
import { type Node, tree } from "./tree";

interface Props {
  readonly text: string;
  readonly entities: readonly Entity[];
}

export const RichText = memo(function RichText({ text, entities }: Props) {
  return (
    <div className={classes.text} dir="auto">
      {nodes(tree(text, entities))}
    </div>
  );
});

function nodes(list: readonly Node[]): ReactNode {
  let offset = 0;
  return list.map((node) => {
    const key = offset;
    offset += node.text.length;
    return <Fragment key={key}>{node.kind === "text" ? node.text : <Marked node={node} />}</Fragment>;
  });
}

function Marked({ node }: { node: Extract<Node, { kind: "entity" }> }) {
  const { entity, text } = node;
  const content = nodes(node.children);
  switch (entity.type) {
    case "bold":
      return <strong>{content}</strong>;
    case "italic":
      return <em>{content}</em>;
    case "underline":
      return <u>{content}</u>;
    case "strike":
      return <s>{content}</s>;
    case "code":
      return <code className={classes.code}>{content}</code>;
    case "pre":
      return <Pre language={entity.argument}>{content}</Pre>;
    case "blockquote":
      return <blockquote className={classes.quote}>{content}</blockquote>;
    case "spoiler":
      return <Spoiler>{content}</Spoiler>;
    case "url":
      return <Outward address={safeAddress(text)}>{content}</Outward>;
    case "text_url":
      return <Outward address={safeAddress(String(entity.argument ?? ""))}>{content}</Outward>;
    case "email":
      return <Outward address={safeAddress(`mailto:${text}`)}>{content}</Outward>;
    case "mention":
      return <Outward address={safeAddress(`https://t.me/${text.slice(1)}`)}>{content}</Outward>;
    case "hashtag":
    case "cashtag":
      return (
        <Link href={searchAddress({ q: text })} className={classes.link}>
          {content}
        </Link>
      );
    case "mention_name":
      return <span className={classes.mention}>{content}</span>;
    default:
      return content;
  }
}

function Outward({ address, children }: { address: string | null; children: ReactNode }) {
  if (address === null) return children;
  return (
    // The title shows where a link really goes when its text says something else.
    <a className={classes.link} href={address} title={address} target="_blank" rel="noopener noreferrer">
      {children}
    </a>
  );
}

function Pre({ language, children }: { language: Entity["argument"]; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls sideways must be reachable by keyboard
    <pre className={classes.pre} dir="ltr" tabIndex={0}>
      {language ? <span className={classes.language}>{language}</span> : null}
      <code>{children}</code>
    </pre>
  );
}

function Spoiler({ children }: { children: ReactNode }) {
  const [isShown, setShown] = useState(false);
  if (isShown) return <span className={classes.revealed}>{children}</span>;
  return (
    <button
      type="button"
      className={classes.spoiler}
      aria-label="Hidden text, show it"
      onClick={() => setShown(true)}
    >
      <span aria-hidden="true">{children}</span>
    </button>
  );
}
