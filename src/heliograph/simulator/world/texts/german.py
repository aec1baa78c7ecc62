"""German sentences for seeded chats. Every name is invented."""

from __future__ import annotations

TOPICS = {
    "community": (
        "{event} fängt {when} um {hour} an, bringt bitte {thing} mit, wenn ihr habt.",
        "Hat jemand {thing} {place} gesehen? Ich war {past} noch dort.",
        "Für {when} fehlen uns noch zwei Leute, es dauert nur etwa eine Stunde.",
        "Der Lift geht schon wieder nicht, er soll {when} repariert werden.",
        "Ich gebe {thing} gratis ab, holt es einfach {when} nach {hour} bei mir ab.",
        "Die Liste hängt {place}, tragt euch bitte bis {hour} ein.",
    ),
    "tech": (
        "Die neue Version ist da und startet in der halben Zeit, sagt bitte, was nicht geht.",
        "Ich habe {service} {past} umgezogen und seitdem ist der Speicher fast leer.",
        "Ist {service} bei euch auch so langsam, oder liegt es nur an mir?",
        "Man muss erst den Cache leeren, sonst nimmt es weiter den alten Schlüssel.",
        "Wir nehmen {service} {when} um {hour} für zehn Minuten vom Netz.",
        "Der Test war rot, weil die Uhr seit {past} um ein paar Sekunden falsch ging.",
    ),
    "football": (
        "Was für ein Spiel {past}, ich hatte in den letzten zehn Minuten nicht mehr daran geglaubt.",
        "Training ist {when} um {hour} auf dem kleinen Platz, bringt beide Trikots mit.",
        "Uns fehlt {when} noch einer, kann jemand ins Tor oder hat einen Freund dabei?",
        "Der Pass vor dem zweiten Tor war das Beste, was ich dieses Jahr gesehen habe.",
        "Der Bus fährt um {hour} ab, und dieses Mal warten wir auf keinen.",
        "Ich habe noch zwei Karten für das Spiel, schreibt mir, wenn ihr mit wollt.",
    ),
    "cooking": (
        "Ich habe {past} {dish} gemacht, mit der Hälfte Salz, und es war besser als im Buch.",
        "Den Teig eine Stunde warm ruhen lassen, dann falten und ab in den Ofen.",
        "Wo gibt es hier gute {food}? Im Laden an der Ecke sind sie aus.",
        "Wenn die Soße zu dünn ist, etwas Mehl dazu und zehn Minuten bei wenig Hitze kochen.",
        "Was macht man mit zwei Kilo {food}, bevor sie schlecht sind?",
        "Wir kochen {when} um {hour}, ich mache {dish}, und jemand bringt Brot mit.",
    ),
}
GENERAL = (
    "Danke an alle für die Hilfe {past}, es hat mehr Spaß gemacht als gedacht.",
    "Ich bin {when} ab {hour} {place}, kommt vorbei und sagt hallo.",
    "Können wir {when} reden? Ich bin auf dem Weg und höre kaum etwas.",
    "Gute Idee, aber ich würde erst hören, was die anderen sagen.",
    "Die Fotos sind im Ordner, schaut sie euch in Ruhe an.",
    "Soweit ich weiß, ist es wie im letzten Jahr, nur etwas später am Tag.",
    "Es hat den ganzen Tag geregnet, also machen wir es {when}.",
)
SLOTS = {
    "event": ("Das Hoffest", "Der Flohmarkt", "Die Sitzung", "Der Filmabend", "Der Putztag"),
    "when": ("am Montag", "am Dienstag", "am Freitag", "morgen", "am Samstag", "heute Abend"),
    "past": ("gestern", "letzte Woche", "am Sonntag", "heute früh"),
    "hour": ("neun", "zehn", "zwölf", "halb fünf", "sechs", "sieben"),
    "place": ("im Park", "in der Bücherei", "an der Mühle", "am Nordtor", "am Hafen"),
    "thing": ("einen Stuhl", "einen Schirm", "eine Leiter", "eine Kiste Bücher", "eine Kanne"),
    "service": ("den Mailserver", "die Datenbank", "den Proxy", "das Wiki", "das Backup"),
    "dish": ("Bohnensuppe", "Apfelkuchen", "Zwiebelkuchen", "Reis", "Fladenbrot"),
    "food": ("Pflaumen", "Zwiebeln", "Tomaten", "Äpfel", "Erbsen"),
}
SHORT = ("Danke!", "Ich auch.", "Bin dabei 🙌", "Gut gemacht 👏", "Stimmt 😄", "Bis dann.", "Keine Ahnung.")
TITLES = {
    "community": ("Mühlweg Nachbarn", "Hausgemeinschaft Nord", "Aushang Hafenstraße", "Gartenfreunde"),
    "tech": ("Heimserver Runde", "Netzwerkstatt", "Versionshinweise", "Nachtschicht"),
    "football": ("Dienstagskick", "Hafenelf Fans", "Spieltag", "Alte Stiefel"),
    "cooking": ("Küchentisch", "Sauerteigkreis", "Rezepte der Woche", "Markttag"),
}
FORUM_TOPICS = ("Neues", "Fundsachen", "Hilfe gesucht", "Plauderecke", "Fotos", "Ideen")
FIRST_NAMES = ("Anselm", "Britta", "Curt", "Dorle", "Emmo", "Frauke", "Gesa", "Hinnerk", "Ilka", "Jost")
LAST_NAMES = ("Ahrwald", "Brookmann", "Dahlhoff", "Eschenbrink", "Fuhrig", "Goldammer", "Heidkamp", "Immelund")
