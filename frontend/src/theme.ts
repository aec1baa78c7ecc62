/** Heliograph's look in Mantine's terms: amber on slate. The tokens of styles/tokens.css carry the rest. */
import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from "@mantine/core";

const amber: MantineColorsTuple = [
  "#fff6e5",
  "#fdeac6",
  "#fad58f",
  "#f7bf58",
  "#f2a93b",
  "#e09120",
  "#b56f10",
  "#8a5200",
  "#6b3f00",
  "#472a00",
];

const slate: MantineColorsTuple = [
  "#f6f7f9",
  "#eceff3",
  "#dde2e9",
  "#c5ccd6",
  "#9aa6b5",
  "#76828f",
  "#566171",
  "#3c4653",
  "#262e38",
  "#171c23",
];

const night: MantineColorsTuple = [
  "#e4e8ee",
  "#c3cbd6",
  "#9fabba",
  "#76828f",
  "#3a4450",
  "#2a323d",
  "#222933",
  "#191f27",
  "#141a21",
  "#0f1319",
];

export const theme = createTheme({
  colors: { amber, gray: slate, dark: night },
  primaryColor: "amber",
  primaryShade: { light: 4, dark: 4 },
  autoContrast: true,
  luminanceThreshold: 0.35,
  black: "#171c23",
  defaultRadius: "md",
  cursorType: "pointer",
  respectReducedMotion: true,
  fontFamily:
    'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans Arabic", "Noto Sans Hebrew", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
});

/** Mantine's default dimmed and accent texts miss the AA contrast; ours come from the tokens, in both schemes. */
const own = {
  "--mantine-color-body": "var(--ground)",
  "--mantine-color-text": "var(--ink)",
  "--mantine-color-dimmed": "var(--dimmed)",
  "--mantine-color-placeholder": "var(--dimmed)",
  "--mantine-color-error": "var(--bad)",
  "--mantine-color-default": "var(--surface)",
  "--mantine-color-default-color": "var(--ink)",
  "--mantine-color-default-hover": "var(--hover)",
  "--mantine-color-default-border": "var(--line-strong)",
  "--mantine-color-amber-light": "var(--accent-soft)",
  "--mantine-color-amber-light-color": "var(--accent-text)",
  "--mantine-color-amber-outline": "var(--focus)",
  "--mantine-color-anchor": "var(--accent-text)",
  "--mantine-color-gray-light-hover": "var(--hover)",
};

export const variables: CSSVariablesResolver = () => ({ variables: {}, light: own, dark: own });
