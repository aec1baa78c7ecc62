/** The name, the connection's state and the ways to the other pages. */
import { ActionIcon, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { Link } from "wouter";
import { ConnectionBadge } from "./ConnectionBadge";
import classes from "./TopBar.module.css";
import { Icon } from "./ui/Icon";
import { Logo } from "./ui/Logo";

export function TopBar() {
  return (
    <header className={classes.bar}>
      <Link href="/" className={classes.brand}>
        <Logo />
        <span className={classes.name}>Heliograph</span>
      </Link>
      <ConnectionBadge />
      <nav className={classes.links} aria-label="Pages">
        <Link href="/search" className={classes.button} aria-label="Search all chats" title="Search (/)">
          <Icon name="search" />
        </Link>
        <Link href="/status" className={classes.button} aria-label="Status" title="Status">
          <Icon name="pulse" />
        </Link>
        <SchemeToggle />
      </nav>
    </header>
  );
}

function SchemeToggle() {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme("light", { getInitialValueInEffect: false });
  const other = scheme === "dark" ? "light" : "dark";
  return (
    <ActionIcon
      className={classes.button}
      variant="transparent"
      size={44}
      aria-label={`Use ${other} colours`}
      title={`Use ${other} colours`}
      onClick={() => setColorScheme(other)}
    >
      <Icon name={scheme === "dark" ? "sun" : "moon"} />
    </ActionIcon>
  );
}
