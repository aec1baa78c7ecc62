/** A forum's topics; one of them, or all of it. */
import { Link } from "wouter";
import type { Chat } from "../../queries/api";
import { chatAddress } from "../address";
import classes from "./ChatHeader.module.css";

export function TopicTabs({ chat, topicId }: { chat: Chat; topicId: number | null }) {
  return (
    <nav aria-label="Topics">
      <ul className={classes.tabs}>
        <li>
          <Tab href={chatAddress(chat.chat_id)} isOpen={topicId === null}>
            All topics
          </Tab>
        </li>
        {chat.topics.map((topic) => (
          <li key={topic.topic_id}>
            <Tab
              href={chatAddress(chat.chat_id, { topicId: topic.topic_id })}
              isOpen={topicId === topic.topic_id}
            >
              <span
                className={classes.swatch}
                style={{ background: colour(topic.icon_color) }}
                aria-hidden="true"
              />
              <bdi>{topic.title}</bdi>
              {topic.is_closed ? " (closed)" : ""}
            </Tab>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Tab({ href, isOpen, children }: { href: string; isOpen: boolean; children: React.ReactNode }) {
  return (
    <Link href={href} className={classes.tab} aria-current={isOpen ? "page" : undefined}>
      {children}
    </Link>
  );
}

function colour(value: number | null): string | undefined {
  return value === null ? undefined : `#${value.toString(16).padStart(6, "0")}`;
}
