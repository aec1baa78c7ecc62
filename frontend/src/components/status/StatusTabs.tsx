/** The ways between the pages that are about the installation as a whole. */
import { Link, useLocation } from "wouter";
import classes from "./StatusTabs.module.css";

const TABS = [
  { href: "/status", label: "Overview" },
  { href: "/integrity", label: "Integrity" },
  { href: "/dead-letters", label: "Dead letters" },
  { href: "/exports", label: "Exports" },
];

export function StatusTabs() {
  const [location] = useLocation();
  return (
    <nav aria-label="Status pages">
      <ul className={classes.tabs}>
        {TABS.map(({ href, label }) => (
          <li key={href}>
            <Link
              href={href}
              className={classes.tab}
              aria-current={location === href || location.startsWith(`${href}/`) ? "page" : undefined}
            >
              {label}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
