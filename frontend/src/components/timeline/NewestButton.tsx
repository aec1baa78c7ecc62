/** Leads to the newest message, and says how many are waiting there. */
import { plural } from "../format";
import { Icon } from "../ui/Icon";
import classes from "./Messages.module.css";

export function NewestButton({ count, onClick }: { count: number; onClick: () => void }) {
  return (
    <button type="button" className={classes.newest} data-count={count} onClick={onClick}>
      {count > 0 ? (
        plural(count, "new message")
      ) : (
        <span className="visually-hidden">To the newest message</span>
      )}
      <Icon name="down" size={18} />
    </button>
  );
}
