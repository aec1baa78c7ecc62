"""Spanish sentences for seeded chats. Every name is invented."""

from __future__ import annotations

TOPICS = {
    "community": (
        "La {event} empieza {when} a las {hour}, trae {thing} si puedes.",
        "¿Alguien ha visto {thing} cerca {place}? Creo que la dejé allí {past}.",
        "Hacen falta dos personas más para la {event} de {when}, es solo una hora.",
        "El ascensor no va otra vez, dicen que lo van a reparar {when}.",
        "Regalo {thing}, la podéis recoger {when} a partir de las {hour}.",
        "La lista para la {event} está en la puerta, apúntate antes de las {hour}.",
    ),
    "tech": (
        "Ya está la nueva versión y arranca en la mitad de tiempo, a ver qué os parece.",
        "Pasé {service} a la máquina nueva {past} y por ahora usa mucha menos memoria.",
        "¿A alguien más le va lento {service}, o es solo mi línea de casa?",
        "Hay que vaciar la caché primero, si no {service} sigue con la clave vieja.",
        "Vamos a parar {service} {when} a las {hour} unos diez minutos para cambiar el disco.",
        "La prueba estaba en rojo desde {past} porque el reloj iba mal por unos segundos.",
    ),
    "football": (
        "Vaya partido el de {past}, no pensé que le diéramos la vuelta en diez minutos.",
        "El entreno es {when} a las {hour} en el campo pequeño, trae agua y las dos camisetas.",
        "Nos falta uno para {when}, ¿alguien puede ir de portero o traer a un amigo?",
        "El pase antes del segundo gol fue lo mejor que he visto este año.",
        "El autobús sale a las {hour} y esta vez no vamos a esperar a nadie.",
        "Me quedan dos entradas para {when}, escríbeme si quieres venir con nosotros.",
    ),
    "cooking": (
        "Hice {dish} {past} con la mitad de sal y me salió mejor que la del libro.",
        "Deja la masa una hora en un sitio tibio, luego dale la vuelta y al horno.",
        "¿Dónde se compra buena {food} por aquí? En la tienda de la esquina ya no hay.",
        "Si la salsa queda muy clara, pon un poco de {food} y déjala a fuego lento diez minutos.",
        "¿Qué se puede hacer con dos kilos de {food} antes de que se pasen?",
        "Cocinamos juntos {when} a las {hour}, yo hago {dish} y que alguien traiga pan.",
    ),
}
GENERAL = (
    "Gracias a todos por la ayuda de {past}, fue más divertido de lo que pensaba.",
    "Voy a estar en la plaza {when} desde las {hour}, pasaos a saludar.",
    "¿Lo hablamos {when}? Voy de camino a casa y no se oye bien.",
    "Buena idea, pero yo esperaría a ver qué dicen los demás.",
    "He puesto las fotos en la carpeta, las podéis ver cuando queráis.",
    "Que yo sepa es igual que el año pasado, solo un poco más tarde.",
    "Llovió todo el día, así que lo pasamos a {when}.",
)
SLOTS = {
    "event": ("fiesta de la calle", "feria", "reunión de vecinos", "noche de cine", "limpieza del patio"),
    "when": ("el lunes", "el martes", "el viernes", "mañana", "el sábado", "esta noche"),
    "past": ("ayer", "anoche", "el domingo", "el otro día"),
    "hour": ("nueve", "diez", "doce", "cuatro y media", "seis", "siete"),
    "place": ("del parque", "de la biblioteca", "del molino", "de la fuente", "del puerto"),
    "thing": ("una silla", "una bolsa azul", "una escalera", "una caja de libros", "una tetera"),
    "service": ("el correo", "la base de datos", "el proxy", "la wiki", "la copia de seguridad"),
    "dish": ("sopa de alubias", "tarta de manzana", "arroz", "tortilla", "empanada"),
    "food": ("harina", "cebolla roja", "mantequilla", "fruta", "verdura"),
}
SHORT = ("¡Gracias!", "Yo igual.", "Me apunto 🙌", "¡Muy bien! 👏", "Ja, es verdad 😄", "Nos vemos allí.", "Ni idea.")
TITLES = {
    "community": ("Vecinos del Molino", "Patio Común", "Avisos del Barrio", "Huerto de la Ribera"),
    "tech": ("Taller de Servidores", "Notas de Versión", "Redes en Casa", "Código y Café"),
    "football": ("Los Martes Fútbol", "Peña del Puerto", "Día de Partido", "Botas Viejas"),
    "cooking": ("Mesa de Cocina", "Pan y Masa", "Recetas de la Semana", "Día de Mercado"),
}
FORUM_TOPICS = ("Noticias", "Objetos perdidos", "Se busca ayuda", "Charla", "Fotos", "Ideas")
FIRST_NAMES = ("Nerea", "Bruno", "Candela", "Dario", "Elvira", "Gael", "Irune", "Lope", "Marisa", "Telmo")
LAST_NAMES = ("Arrieta", "Bustelo", "Carrizo", "Doval", "Espiga", "Fontanar", "Garmilla", "Humera")
