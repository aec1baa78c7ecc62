"""English sentences for seeded chats. Every name is invented."""

from __future__ import annotations

TOPICS = {
    "community": (
        "The {event} starts {when} at {hour}, please bring {thing} if you can.",
        "Has anyone seen {thing} near {place}? I think I left it there {past}.",
        "We need two more people to help with the {event} {when}, it only takes an hour or so.",
        "The lift in our house is out of order again, they say it will be fixed {when}.",
        "I am giving away {thing} for free, you can pick it up from {place} any evening after {hour}.",
        "Who left {thing} in the hallway? It is in the way and the kids nearly fell over it.",
        "The list for the {event} hangs in {place}, just put your name on it before {hour}.",
    ),
    "tech": (
        "The new build is out and it starts in half the time, so please try it and tell us what breaks.",
        "I moved the {service} to the new box {past} and so far it uses a third of the memory.",
        "Does the {service} time out for anyone else, or is it only my line at home?",
        "You have to clear the cache first, or the {service} will go on using the old key.",
        "We will take the {service} down {when} at {hour} for ten minutes or so to move the disk.",
        "I wrote a small script that reads the log and shows how often the {service} had to try again.",
        "The test was red since {past} because the clock of the {service} was off by a few seconds.",
    ),
    "football": (
        "What a match {past}, I did not think we would turn it round in the last ten minutes.",
        "Training is {when} at {hour} on the small pitch, bring both shirts and something to drink.",
        "We are one short for {when}, can anyone play in goal or bring a friend?",
        "The pass before the second goal was the best thing I have seen all year at {place}.",
        "The bus to the away match leaves from {place} at {hour}, and we will not wait for anyone this time.",
        "He should have been off the pitch long before that, but the other side did not see it.",
        "I have two tickets left for {when}, write to me if you want to go and sit with us.",
    ),
    "cooking": (
        "I made {dish} {past} with half the salt and it was much better than the one from the book.",
        "Let the dough rest for an hour in a warm spot, then fold it once and put it in the oven.",
        "Where do you buy good {food} in this part of town? The shop by {place} has none left.",
        "If the sauce is too thin, add a bit of {food} and let it cook on a low heat for ten minutes.",
        "Does anyone have an idea what to do with two kilos of {food} before they go bad?",
        "We cook together {when} at {hour}, I will make {dish} and someone should bring bread.",
        "The trick with {dish} is to start with a cold pan and to be in no hurry at all.",
    ),
}
GENERAL = (
    "Thank you all for the help {past}, it was more fun than I thought it would be.",
    "I will be at {place} {when} from {hour} on, so come and say hello.",
    "Can we talk about it {when}? I am on the way home and the line is bad.",
    "Good idea, but I would wait and see what the others have to say first.",
    "I put the photos in the shared folder, have a look when you have the time.",
    "As far as I know it is the same as last year, only a bit later in the day.",
    "Sorry for the late answer, it has been a long week.",
    "It rained all day, so we moved it to {when}.",
)
SLOTS = {
    "event": ("street party", "flea market", "spring clean", "house meeting", "film night", "bike repair day"),
    "when": ("on Monday", "on Tuesday", "on Friday", "tomorrow", "this weekend", "next week", "tonight"),
    "past": ("yesterday", "last night", "on Sunday", "last week", "this morning"),
    "hour": ("nine", "ten", "noon", "half past four", "six", "seven", "a quarter to eight"),
    "place": ("the park", "the library", "the old mill", "the corner shop", "the north gate", "the boat house"),
    "thing": ("a folding chair", "a blue umbrella", "a set of keys", "a ladder", "a box of books", "a kettle"),
    "service": ("mail server", "database", "proxy", "build server", "wiki", "backup", "queue"),
    "dish": ("bean soup", "apple cake", "fried rice", "onion tart", "fish pie", "flat bread"),
    "food": ("plums", "flour", "red onions", "chick peas", "dill", "butter", "tomatoes"),
}
SHORT = ("Thanks!", "Same here.", "Count me in 🙌", "Well done 👏", "Ha, true 😄", "See you there.", "No idea, sorry.")
TITLES = {
    "community": ("Mill Lane Neighbours", "North Gate Residents", "Harbour Street Notices", "Allotment Friends"),
    "tech": ("Home Server Club", "Small Web Workshop", "Release Notes", "Night Shift Ops"),
    "football": ("Tuesday Five-a-side", "Harbour Rovers Fans", "Match Day", "Old Boots FC"),
    "cooking": ("Kitchen Table", "Sourdough Circle", "Recipes of the Week", "Market Day"),
}
FORUM_TOPICS = ("News", "Lost and found", "Help wanted", "Off topic", "Photos", "Ideas")
FIRST_NAMES = ("Amber", "Callum", "Edith", "Felix", "Hazel", "Jonah", "Maren", "Orla", "Rufus", "Tilda", "Wren", "Ivo")
LAST_NAMES = ("Ashdown", "Birchall", "Colfer", "Dunmarsh", "Elderkin", "Farrowby", "Greenholt", "Hollins")
