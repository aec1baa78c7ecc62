/** The way back to the list, where the list is not beside the page. */
import { Link } from "wouter";
import classes from "./BackLink.module.css";
import { Icon } from "./Icon";

export function BackLink() {
  return (
    <Link href="/" className={classes.back} aria-label="Back to the chats">
      <Icon name="back" />
    </Link>
  );
}
