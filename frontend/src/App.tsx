/** Providers, routes and the frame around every page. */
import { localStorageColorSchemeManager, MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { Route, Switch } from "wouter";
import { Shell } from "./components/Shell";
import { NotFound } from "./components/ui/Placeholder";
import { LiveProvider } from "./live/LiveProvider";
import { ChatPage } from "./pages/ChatPage";
import { HomePage } from "./pages/HomePage";
import { queryClient } from "./queries/client";
import { theme, variables } from "./theme";

const DeadLetterPage = lazy(() => import("./pages/DeadLetterPage"));
const DeadLettersPage = lazy(() => import("./pages/DeadLettersPage"));
const ExportsPage = lazy(() => import("./pages/ExportsPage"));
const IntegrityPage = lazy(() => import("./pages/IntegrityPage"));
const SearchPage = lazy(() => import("./pages/SearchPage"));
const StatusPage = lazy(() => import("./pages/StatusPage"));

const schemes = localStorageColorSchemeManager({ key: "heliograph-color-scheme" });

export function App() {
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={variables}
      colorSchemeManager={schemes}
      defaultColorScheme="auto"
    >
      <QueryClientProvider client={queryClient}>
        <LiveProvider>
          <Shell>
            <Suspense>
              <Switch>
                <Route path="/">
                  <HomePage />
                </Route>
                <Route path="/chat/:id">{({ id }) => <ChatPage id={id} />}</Route>
                <Route path="/search">
                  <SearchPage />
                </Route>
                <Route path="/status">
                  <StatusPage />
                </Route>
                <Route path="/integrity">
                  <IntegrityPage />
                </Route>
                <Route path="/exports">
                  <ExportsPage />
                </Route>
                <Route path="/dead-letters">
                  <DeadLettersPage />
                </Route>
                <Route path="/dead-letters/:id">{({ id }) => <DeadLetterPage id={id} />}</Route>
                <Route>
                  <NotFound what="page" />
                </Route>
              </Switch>
            </Suspense>
          </Shell>
        </LiveProvider>
      </QueryClientProvider>
    </MantineProvider>
  );
}
