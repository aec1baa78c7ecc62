/** The mirror on its stand, flashing. */
export function Logo({ size = 28 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <path
        d="M10.5 24 7 30h11l-3.5-6"
        fill="none"
        stroke="var(--dimmed)"
        strokeWidth="2.4"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
      <circle cx="12.5" cy="16.5" r="8.5" fill="var(--accent)" />
      <path d="M7.6 20.2 16.6 10.4A8.5 8.5 0 0 0 7.6 20.2Z" fill="var(--accent-glow)" />
      <g fill="var(--accent)">
        <circle cx="20.8" cy="8.6" r="1.5" />
        <circle cx="23.9" cy="5.9" r="1.3" />
        <circle cx="26.8" cy="3.4" r="1.1" />
        <circle cx="29.3" cy="1.3" r=".9" />
      </g>
    </svg>
  );
}
