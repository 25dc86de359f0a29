//! What German-speaking customers of the sample are called and write about.

use super::language::{Language, Matter};

pub(super) const GERMAN: Language = Language {
    code: "de",
    men: ["Jürgen", "Matthias", "Stefan", "Klaus", "Tobias", "Günther", "Florian", "Uwe"],
    women: ["Katharina", "Sabine", "Heike", "Annegret", "Julia", "Birgit", "Käthe", "Lena"],
    mens_surnames: ["Köhler", "Weiß", "Brandstätter", "Schäfer", "Vogt", "Lindemann", "Grünwald", "Petersen"],
    womens_surnames: ["Köhler", "Weiß", "Brandstätter", "Schäfer", "Vogt", "Lindemann", "Grünwald", "Petersen"],
    streets: ["Lindenstraße", "Bahnhofstraße", "Am Mühlbach", "Goethestraße"],
    cities: ["30159 Hannover", "04109 Leipzig", "79098 Freiburg", "24103 Kiel"],
    phone: "+49 30 23125 ",
    account: ("DE", "50010517", 10),
    greeting: "Guten Tag,",
    closing: "Mit freundlichen Grüßen",
    answer_greeting: "Guten Tag",
    answer_closing: "Mit freundlichen Grüßen\nElm Clinic, Kundenservice",
    matters: [
        Matter {
            subject: "Termin am {day}",
            opening: "leider kann ich den Termin am {day} vormittags nicht wahrnehmen, weil mein Zug erst mittags ankommt. Wäre am selben Tag nachmittags etwas frei?",
            answer: "am selben Tag können wir Ihnen 14:30 Uhr anbieten. Soll ich den Termin für Sie eintragen?",
            follow_up: "14:30 Uhr passt sehr gut, bitte tragen Sie mich ein. Muss ich die Überweisung noch einmal mitbringen?",
            thanks: "Die Bestätigung ist da. Vielen Dank für die schnelle Hilfe!",
        },
        Matter {
            subject: "Rechnung {number} doppelt abgebucht",
            opening: "der Betrag der Rechnung {number} wurde zweimal von meinem Konto abgebucht, am Montag und noch einmal am {day}. Bitte prüfen Sie das und erstatten Sie die zweite Abbuchung.",
            answer: "Sie haben recht, der Betrag wurde zweimal eingezogen. Die zweite Zahlung geht innerhalb von drei Werktagen auf das Konto zurück, von dem sie kam.",
            follow_up: "vielen Dank. Auf dem Konto stehen noch beide Buchungen, ich warte also bis Ende der Woche und melde mich sonst noch einmal.",
            thanks: "Das Geld ist wieder da. Danke, dass Sie sich darum gekümmert haben.",
        },
        Matter {
            subject: "Neue Anschrift ab nächstem Monat",
            opening: "wir ziehen um. Ab dem Ersten des nächsten Monats lautet meine Anschrift {street} {house}, {city}. Bitte schicken Sie Briefe und Rechnungen dorthin.",
            answer: "danke, dass Sie uns rechtzeitig Bescheid geben. Die neue Anschrift gilt bei uns ab dem Ersten.",
            follow_up: "gilt die Änderung auch für die Erinnerungsschreiben, oder muss ich das noch einer anderen Stelle mitteilen?",
            thanks: "Wunderbar, dann ist das erledigt.",
        },
        Matter {
            subject: "Anmeldung im Patientenportal geht nicht",
            opening: "seit der Aktualisierung meldet das Portal, mein Code sei abgelaufen, obwohl ich ihn sofort eingebe. Ich habe es mit zwei Browsern und am Telefon versucht.",
            answer: "heute Morgen ging die Uhr unseres Portals falsch. Das ist behoben; bitte fordern Sie einen neuen Code an und versuchen Sie es noch einmal.",
            follow_up: "der Code geht jetzt, aber die Seite danach bleibt leer. Als Kennung wird {number} angezeigt.",
            thanks: "Jetzt klappt es, ich sehe meine Termine wieder.",
        },
        Matter {
            subject: "Kopie meiner Unterlagen",
            opening: "für eine zweite Meinung brauche ich eine Kopie meiner Unterlagen der letzten zwei Jahre mit den Bildern. Was brauchen Sie dafür von mir, und wie lange dauert es?",
            answer: "die Kopie ist für Sie kostenlos. Wir stellen sie diese Woche zusammen und sagen Ihnen Bescheid, sobald Sie sie abholen oder herunterladen können.",
            follow_up: "herunterladen wäre mir am liebsten. Die andere Praxis fragt vor allem nach dem Brief vom {day}.",
            thanks: "Alles ist angekommen und vollständig. Herzlichen Dank.",
        },
        Matter {
            subject: "Folgerezept {number}",
            opening: "mein Folgerezept {number} läuft am {day} aus. Kann die Ärztin es ohne Besuch verlängern? Seit dem letzten Mal hat sich nichts geändert.",
            answer: "die Ärztin hat Ihre Bitte gesehen und verlängert das Rezept um drei Monate. Es liegt ab morgen bereit.",
            follow_up: "die Apotheke sieht es noch nicht. Können Sie nachsehen, ob es an die in der {street} ging?",
            thanks: "Heute Morgen abgeholt, vielen Dank.",
        },
        Matter {
            subject: "Beschwerde über die Wartezeit",
            opening: "am {day} habe ich eine Stunde und vierzig Minuten über meinen Termin hinaus gewartet, und niemand hat etwas gesagt. Für Notfälle habe ich Verständnis, aber sagen Sie es den Leuten bitte.",
            answer: "das tut uns leid. Man hätte Ihnen Bescheid geben müssen; von nun an sagt der Empfang, wenn sich etwas um mehr als eine Viertelstunde verspätet.",
            follow_up: "danke für die ehrliche Antwort. Kann man auch per Kurznachricht erfahren, bevor man losfährt, dass es später wird?",
            thanks: "Das würde sehr helfen. Für mich ist die Sache damit erledigt.",
        },
        Matter {
            subject: "Bescheinigung für meine Versicherung",
            opening: "meine Versicherung verlangt unter dem Zeichen {number} eine Bescheinigung über die Behandlung im Frühjahr. Können Sie sie mir oder gleich der Versicherung schicken?",
            answer: "Ihnen können wir sie heute noch schicken. Für den direkten Versand an die Versicherung bräuchten wir Ihre unterschriebene Einwilligung.",
            follow_up: "bitte schicken Sie sie mir, ich gebe sie weiter. Gefragt wird auch nach dem Datum jedes Besuchs.",
            thanks: "Die Versicherung hat alles anerkannt. Danke für Ihre Hilfe.",
        },
    ],
};
