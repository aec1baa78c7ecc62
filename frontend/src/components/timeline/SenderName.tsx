/** Who wrote a message; leads to a search among what they wrote. */
import { Link } from "wouter";
import type { Message } from "../../queries/api";
import { searchAddress } from "../../queries/search";
import { hueOf } from "../ui/Avatar";
import classes from "./MessageBody.module.css";

export function SenderName({ message }: { message: Message }) {
  const { sender, author_signature: signature } = message;
  if (!sender)
    return (
      <span className={classes.sender}>
        <bdi>{signature ?? "Unknown sender"}</bdi>
      </span>
    );
  return (
    <>
      <Link
        href={searchAddress({ chat: message.chat_id, sender: sender.id })}
        className={classes.sender}
        style={{ "--hue": hueOf(sender.id) } as React.CSSProperties}
        title={`Search what ${sender.name} wrote here`}
      >
        <bdi>{sender.is_deleted ? "Deleted account" : sender.name}</bdi>
      </Link>
      {sender.is_bot ? <span className={classes.tag}>bot</span> : null}
      {signature ? <bdi className={classes.time}>{signature}</bdi> : null}
    </>
  );
}
