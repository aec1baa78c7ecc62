/** No chat is open. */
import { EmptyState } from "../components/ui/States";
import { useTitle } from "../components/useTitle";

export function HomePage() {
  useTitle(null);
  return (
    <>
      <h1 className="visually-hidden">Heliograph</h1>
      <EmptyState
        title="Choose a chat to read"
        hint="Arrow keys or j and k move through the list, Enter opens, / searches everything."
      />
    </>
  );
}
