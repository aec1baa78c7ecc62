/** The accounts that mirror, and what Telegram makes them wait for. */
import type { Status } from "../../queries/api";
import { formatTime, plural } from "../format";
import { Avatar } from "../ui/Avatar";
import classes from "./Status.module.css";

type Account = Status["accounts"][number];

export function Accounts({ accounts }: { accounts: readonly Account[] }) {
  return (
    <>
      <h2 className={classes.section}>Accounts</h2>
      {accounts.length === 0 ? (
        <p className={classes.card}>No account is signed in yet; run heliograph login.</p>
      ) : (
        <ul className={classes.accounts}>
          {accounts.map((account) => (
            <li key={account.account_id} className={classes.account}>
              <Avatar id={account.user_id} name={account.label} size={40} />
              <div>
                <p className={classes.label}>{account.label}</p>
                <p className={classes.note}>
                  {account.state} · {plural(account.chats, "chat")}
                </p>
                <Waits frozen={account.frozen} />
              </div>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function Waits({ frozen }: { frozen: Account["frozen"] }) {
  return Object.entries(frozen).map(([family, until]) => (
    <p key={family} className={classes.wait}>
      Telegram asks to wait with {family.replaceAll("_", " ")} until {formatTime(until)}
    </p>
  ));
}
