/** A heliograph at work: the sun's ray falls on the mirror and leaves it as signals. */
export function Logo({ size = 28 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" fill="none" strokeLinecap="round" aria-hidden="true">
      <circle cx="6.4" cy="7" r="4.6" fill="var(--accent)" />
      <g stroke="var(--accent)">
        <path d="M9.2 12.6 14.6 22.6" strokeWidth="2.6" />
        <path d="M18.1 21.6 19.2 19.4M21.4 15.4 24.2 10.1M26.4 6 26.5 5.8" strokeWidth="2.9" />
      </g>
      <path d="M8 27.6H24.6" stroke="var(--dimmed)" strokeWidth="3.4" />
    </svg>
  );
}
