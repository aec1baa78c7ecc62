/** The ways between the pages that are about the installation as a whole. */
import { useEffect, useRef } from "react";
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
  const nav = useRef<HTMLElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page has another tab to show.
  useEffect(() => {
    // A narrow screen has no room for all of them.
    nav.current
      ?.querySelector('[aria-current="page"]')
      ?.scrollIntoView?.({ block: "nearest", inline: "nearest" });
  }, [location]);
  return (
    <nav aria-label="Status pages" ref={nav}>
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
