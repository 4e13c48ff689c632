"""The building blocks of made-up comments. Each topic holds (positive, negative) observations."""

TOPIC_NAMES = {
    "punctuality": "Punctuality",
    "staff": "Staff",
    "cleanliness": "Cleanliness",
    "comfort": "Comfort",
    "wifi": "Wi-Fi",
    "price": "Price",
    "booking": "Booking",
    "information": "Information",
    "compensation": "Compensation",
    "branch": "Branch",
    "adviser": "Adviser",
    "app": "App",
    "fees": "Fees",
    "onboarding": "Onboarding",
}

FILLERS = {
    "railway": {
        "station": [
            "Marseille",
            "Toulon",
            "Antibes",
            "Cassis",
            "Nice",
            "Menton",
            "Fréjus",
            "Hyères",
            "La Ciotat",
            "Cannes",
        ],
        "minutes": ["12", "18", "25", "35", "40", "55", "70", "90"],
        "hour": ["7:12", "8:04", "9:31", "12:45", "17:38", "18:02", "19:20", "21:10"],
        "coach": ["2", "3", "5", "7", "11", "14"],
        "price": ["18", "24", "39", "52", "67"],
    },
    "bank": {
        "city": ["Lyon", "Lille", "Nantes", "Bordeaux", "Strasbourg", "Rennes", "Nice", "Paris"],
        "days": ["3", "4", "6", "8", "10", "12"],
        "minutes": ["10", "20", "30", "45"],
        "fee": ["4", "8", "12", "25"],
    },
}

OBSERVATIONS = {
    "railway": {
        "EN": {
            "punctuality": (
                [
                    "We left {station} to the minute and arrived early.",
                    "The {hour} train was right on time again.",
                    "Not a single delay this month on the {hour}, well done.",
                    "Made my connection at {station} without running.",
                ],
                [
                    "The {hour} was {minutes} minutes late and nobody told us why.",
                    "Missed my connection at {station} because of the delay.",
                    "Third delay this week on the {hour} from {station}.",
                    "Stood still outside {station} for {minutes} minutes.",
                ],
            ),
            "staff": (
                [
                    "The conductor in coach {coach} was kind and helped with my suitcase.",
                    "Friendly staff at {station}, they went out of their way.",
                    "The team at the {station} desk sorted my problem in minutes.",
                    "Lovely announcement and a smile from the crew.",
                ],
                [
                    "The conductor was rude when I asked about the delay.",
                    "Nobody from the staff was to be found in coach {coach}.",
                    "The person at the {station} desk sent me away twice.",
                    "Staff on the platform knew less than my phone did.",
                ],
            ),
            "cleanliness": (
                [
                    "The coach was spotless, even the toilets.",
                    "Very clean train, fresh seats in coach {coach}.",
                    "Clean windows at last, the view near {station} is superb.",
                ],
                [
                    "The toilets in coach {coach} were out of order and filthy.",
                    "Rubbish under the seats since {station}.",
                    "Dirty tables and sticky floor on the {hour}.",
                ],
            ),
            "comfort": (
                [
                    "Plenty of leg room and a quiet coach.",
                    "Comfortable seats, I slept until {station}.",
                    "The new seats in coach {coach} are excellent.",
                ],
                [
                    "Far too crowded, I stood from {station} on.",
                    "The heating in coach {coach} did not work.",
                    "Seats are worn out and the air conditioning was freezing.",
                ],
            ),
            "wifi": (
                [
                    "The wifi worked all the way, I could join a call.",
                    "Good connection up to {station}, perfect for working.",
                    "Sockets and wifi at every seat, great.",
                ],
                [
                    "The wifi dropped every {minutes} seconds.",
                    "No wifi at all after {station}.",
                    "The socket at my seat in coach {coach} was dead and the wifi useless.",
                ],
            ),
            "price": (
                [
                    "Good value for {price} euros.",
                    "The early fare of {price} euros is hard to beat.",
                    "Cheaper and nicer than taking the car to {station}.",
                ],
                [
                    "{price} euros for this is simply too much.",
                    "Prices went up again and the service did not.",
                    "Paid {price} euros and had no seat.",
                ],
            ),
            "booking": (
                [
                    "Booked in two minutes on my phone.",
                    "Changing my ticket for the {hour} was very easy.",
                    "The ticket machine at {station} finally speaks my language.",
                ],
                [
                    "The app crashed three times while I was paying.",
                    "It took me {minutes} minutes to buy a simple ticket to {station}.",
                    "I could not change my ticket online, the site kept failing.",
                ],
            ),
            "information": (
                [
                    "Clear announcements and screens at {station}.",
                    "I got a message before I even noticed the delay, good information.",
                ],
                [
                    "The screens at {station} showed the wrong platform.",
                    "No announcement at all for {minutes} minutes.",
                    "The app said on time while we were standing still.",
                ],
            ),
            "compensation": (
                [
                    "The refund for my delay arrived within a week.",
                    "Claiming {price} euros back took one form, simple.",
                ],
                [
                    "Still waiting for the compensation of my {minutes} minute delay.",
                    "The claim form asked for the same paper three times.",
                    "I was offered a voucher of {price} euros that I cannot use.",
                ],
            ),
        },
        "FR": {
            "punctuality": (
                [
                    "Parti de {station} à l’heure pile, arrivé en avance.",
                    "Le train de {hour} est ponctuel, comme d’habitude.",
                    "Aucun retard ce mois-ci sur le {hour}, bravo.",
                    "J’ai eu ma correspondance à {station} sans courir.",
                ],
                [
                    "Le {hour} avait {minutes} minutes de retard, sans aucune explication.",
                    "Correspondance ratée à {station} à cause du retard.",
                    "Troisième retard cette semaine sur le {hour} au départ de {station}.",
                    "Train arrêté {minutes} minutes en pleine voie avant {station}.",
                ],
            ),
            "staff": (
                [
                    "Le contrôleur de la voiture {coach} a été très aimable.",
                    "Personnel souriant et efficace à {station}.",
                    "L’équipe du guichet de {station} a réglé mon problème en quelques minutes.",
                    "Un grand merci à l’agent qui m’a aidée avec la poussette.",
                ],
                [
                    "Le contrôleur a été désagréable quand j’ai posé une question.",
                    "Personne pour nous renseigner dans la voiture {coach}.",
                    "Au guichet de {station}, on m’a renvoyé deux fois.",
                    "Les agents sur le quai en savaient moins que mon téléphone.",
                ],
            ),
            "cleanliness": (
                [
                    "Voiture impeccable, même les toilettes.",
                    "Train très propre, sièges comme neufs en voiture {coach}.",
                    "Vitres propres, la vue vers {station} est superbe.",
                ],
                [
                    "Toilettes de la voiture {coach} hors service et très sales.",
                    "Des détritus sous les sièges depuis {station}.",
                    "Tablettes collantes et sol sale dans le {hour}.",
                ],
            ),
            "comfort": (
                [
                    "De la place pour les jambes et une voiture calme.",
                    "Sièges confortables, j’ai dormi jusqu’à {station}.",
                    "Les nouveaux sièges de la voiture {coach} sont excellents.",
                ],
                [
                    "Train bondé, debout depuis {station}.",
                    "Le chauffage de la voiture {coach} ne marchait pas.",
                    "Sièges usés et climatisation glaciale.",
                ],
            ),
            "wifi": (
                [
                    "Le wifi a fonctionné tout le trajet, j’ai pu travailler.",
                    "Bonne connexion jusqu’à {station}.",
                    "Prises et wifi à chaque place, parfait.",
                ],
                [
                    "Le wifi coupe toutes les {minutes} secondes.",
                    "Plus aucun wifi après {station}.",
                    "Prise en panne en voiture {coach} et wifi inutilisable.",
                ],
            ),
            "price": (
                [
                    "Bon rapport qualité-prix pour {price} euros.",
                    "Le billet à {price} euros est imbattable.",
                    "Moins cher et plus agréable que la voiture jusqu’à {station}.",
                ],
                [
                    "{price} euros pour ce service, c’est beaucoup trop.",
                    "Les prix augmentent encore, pas la qualité.",
                    "J’ai payé {price} euros et je n’avais pas de place assise.",
                ],
            ),
            "booking": (
                [
                    "Réservation faite en deux minutes sur le téléphone.",
                    "Échanger mon billet pour le {hour} a été très simple.",
                    "La borne de {station} est enfin claire.",
                ],
                [
                    "L’application a planté trois fois pendant le paiement.",
                    "Il m’a fallu {minutes} minutes pour acheter un simple billet vers {station}.",
                    "Impossible d’échanger mon billet en ligne.",
                ],
            ),
            "information": (
                [
                    "Annonces claires et écrans à jour à {station}.",
                    "Prévenue du retard par message avant même d’arriver, très bien.",
                ],
                [
                    "Les écrans de {station} affichaient le mauvais quai.",
                    "Aucune annonce pendant {minutes} minutes.",
                    "L’application indiquait « à l’heure » alors que nous étions arrêtés.",
                ],
            ),
            "compensation": (
                [
                    "Le remboursement de mon retard est arrivé en une semaine.",
                    "Un seul formulaire pour récupérer {price} euros, c’est simple.",
                ],
                [
                    "J’attends toujours l’indemnisation de mes {minutes} minutes de retard.",
                    "Le formulaire demande trois fois le même justificatif.",
                    "On me propose un bon de {price} euros que je ne peux pas utiliser.",
                ],
            ),
        },
    },
    "bank": {
        "EN": {
            "branch": (
                [
                    "The branch in {city} is bright and I was seen at once.",
                    "No queue at the {city} branch, very pleasant.",
                ],
                [
                    "I queued for {minutes} minutes in the {city} branch.",
                    "The {city} branch was closed although the site said open.",
                ],
            ),
            "adviser": (
                ["My adviser explained the loan in plain words.", "My adviser in {city} called back the same day."],
                ["I have had {days} different advisers this year.", "My adviser never called back."],
            ),
            "app": (
                ["The app is quick and does what I need.", "Blocking a card in the app took seconds."],
                ["The app logs me out every {minutes} minutes.", "Transfers failed in the app for {days} days."],
            ),
            "fees": (
                ["Fair fees, and no surprise on the statement.", "No fee for my card abroad, great."],
                ["{fee} euros for a transfer is outrageous.", "A fee of {fee} euros appeared without notice."],
            ),
            "onboarding": (
                ["My account was open within {days} hours.", "Opening the account from home was simple."],
                ["It took {days} days to open my account.", "I had to send my papers {days} times."],
            ),
        },
        "FR": {
            "branch": (
                [
                    "L’agence de {city} est accueillante et j’ai été reçu tout de suite.",
                    "Pas d’attente à l’agence de {city}, très agréable.",
                ],
                [
                    "{minutes} minutes de queue à l’agence de {city}.",
                    "L’agence de {city} était fermée alors que le site l’indiquait ouverte.",
                ],
            ),
            "adviser": (
                [
                    "Ma conseillère a expliqué le prêt avec des mots simples.",
                    "Mon conseiller de {city} m’a rappelé le jour même.",
                ],
                ["J’ai eu {days} conseillers différents cette année.", "Mon conseiller ne rappelle jamais."],
            ),
            "app": (
                ["L’application est rapide et complète.", "Carte bloquée en quelques secondes dans l’application."],
                [
                    "L’application me déconnecte toutes les {minutes} minutes.",
                    "Virements impossibles dans l’application pendant {days} jours.",
                ],
            ),
            "fees": (
                ["Des frais raisonnables et aucune surprise sur le relevé.", "Pas de frais à l’étranger, parfait."],
                [
                    "{fee} euros pour un virement, c’est scandaleux.",
                    "Des frais de {fee} euros sont apparus sans prévenir.",
                ],
            ),
            "onboarding": (
                ["Compte ouvert en {days} heures.", "Ouvrir le compte depuis chez moi a été très simple."],
                ["Il a fallu {days} jours pour ouvrir mon compte.", "J’ai dû envoyer mes justificatifs {days} fois."],
            ),
        },
    },
}

NEUTRAL = {
    "railway": {
        "EN": [
            "Nothing special to report.",
            "A normal trip to {station}.",
            "I travel to {station} twice a week for work.",
            "It was what I expected from the {hour}.",
            "Please keep the stop at {station}.",
            "First trip with my children, coach {coach}.",
            "I usually take the {hour}.",
            "OK.",
        ],
        "FR": [
            "Rien de particulier à signaler.",
            "Un trajet normal vers {station}.",
            "Je voyage vers {station} deux fois par semaine pour le travail.",
            "Conforme à ce que j’attendais du {hour}.",
            "Merci de garder l’arrêt à {station}.",
            "Premier voyage avec mes enfants, voiture {coach}.",
            "Je prends d’habitude le {hour}.",
            "RAS",
        ],
    },
    "bank": {
        "EN": [
            "Nothing to add.",
            "I go to the {city} branch once a year.",
            "A standard appointment of {minutes} minutes.",
        ],
        "FR": [
            "Rien à ajouter.",
            "Je passe à l’agence de {city} une fois par an.",
            "Un rendez-vous classique de {minutes} minutes.",
            "RAS",
        ],
    },
}

CLOSINGS = {
    "EN": {
        "positive": [
            "Thank you!",
            "Keep it up.",
            "I will gladly come back.",
            "Many thanks to the whole team 🙂",
            "Recommended.",
        ],
        "negative": [
            "Please do something about it.",
            "Very disappointed.",
            "I will look for an alternative.",
            "Not acceptable.",
            "Never again…",
        ],
        "mixed": ["There is room for improvement.", "All in all it is fine.", "You can do better."],
        "neutral": ["That is all.", "Thanks.", "See you next time."],
    },
    "FR": {
        "positive": [
            "Merci !",
            "Continuez comme ça.",
            "Je reviendrai avec plaisir.",
            "Merci à toute l’équipe 🙂",
            "Je recommande.",
        ],
        "negative": [
            "Merci d’y remédier.",
            "Très déçue.",
            "Je vais chercher une autre solution.",
            "Inacceptable.",
            "Plus jamais…",
        ],
        "mixed": ["Peut mieux faire.", "Dans l’ensemble, cela va.", "Il y a encore des progrès à faire."],
        "neutral": ["C’est tout.", "Merci.", "À la prochaine."],
    },
}
