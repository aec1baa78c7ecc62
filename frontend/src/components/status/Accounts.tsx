/** The accounts that mirror, what Telegram makes them wait for, and how fast they may ask. */
import type { Status } from "../../queries/api";
import { formatPace, formatRecent, formatTime, plural } from "../format";
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
                {account.limited ? (
                  <p className={classes.wait}>
                    Telegram has limited this account ({account.limited.error}); look at it with an app
                  </p>
                ) : null}
                <Waits frozen={account.frozen} />
                <Budgets budgets={account.budgets} />
              </div>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

/** How fast each family may ask, on one line, and what was learned of Telegram's limits. */
function Budgets({ budgets = [] }: { budgets: Account["budgets"] }) {
  const paces = budgets.map((each) => `${each.family.replaceAll("_", " ")} ${formatPace(each.per_second)}`);
  return (
    <>
      {paces.length > 0 ? <p className={classes.note}>Requests: {paces.join(", ")}</p> : null}
      <Learned budgets={budgets.filter((budget) => budget.learned_at)} />
    </>
  );
}

function Learned({ budgets }: { budgets: NonNullable<Account["budgets"]> }) {
  if (budgets.length === 0) return null;
  return (
    <table className={classes.budgets}>
      <thead>
        <tr>
          <th scope="col">Requests</th>
          <th scope="col">Learned pace</th>
          <th scope="col">Configured</th>
          <th scope="col">Last refused</th>
        </tr>
      </thead>
      <tbody>
        {budgets.map((budget) => (
          <tr key={budget.family}>
            <th scope="row">{budget.family.replaceAll("_", " ")}</th>
            <td>{formatPace(budget.per_second)}</td>
            <td>
              {budget.may_rise ? "from" : "at most"} {formatPace(budget.configured_per_second)}
            </td>
            <td>{budget.flooded_at ? formatRecent(budget.flooded_at) : "never"}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Waits({ frozen }: { frozen: Account["frozen"] }) {
  return Object.entries(frozen).map(([family, until]) => (
    <p key={family} className={classes.wait}>
      Telegram asks to wait with {family.replaceAll("_", " ")} until {formatTime(until)}
    </p>
  ));
}
