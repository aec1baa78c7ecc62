/** Where things are: the page's URLs. */

/** The address of a chat, or of a message in it. */
export function chatAddress(
  chatId: number,
  place: { at?: number | null; topicId?: number | null } = {},
): string {
  const parameters = new URLSearchParams();
  if (place.topicId) parameters.set("topic", String(place.topicId));
  if (place.at) parameters.set("at", String(place.at));
  const text = parameters.toString();
  return text === "" ? `/chat/${chatId}` : `/chat/${chatId}?${text}`;
}
