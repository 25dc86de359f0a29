//! What Polish-speaking customers of the sample are called and write about.

use super::language::{Language, Matter};

pub(super) const POLISH: Language = Language {
    code: "pl",
    men: ["Łukasz", "Paweł", "Krzysztof", "Michał", "Grzegorz", "Wojciech", "Stanisław", "Rafał"],
    women: ["Małgorzata", "Agnieszka", "Bożena", "Katarzyna", "Zofia", "Elżbieta", "Joanna", "Stanisława"],
    mens_surnames: ["Wójcik", "Kowalski", "Zieliński", "Dąbrowski", "Szymański", "Woźniak", "Jabłoński", "Krawczyk"],
    womens_surnames: ["Wójcik", "Kowalska", "Zielińska", "Dąbrowska", "Szymańska", "Woźniak", "Jabłońska", "Krawczyk"],
    streets: ["ul. Lipowa", "ul. Kościuszki", "ul. Młyńska", "ul. Słoneczna"],
    cities: ["61-001 Poznań", "80-001 Gdańsk", "30-001 Kraków", "50-001 Wrocław"],
    phone: "+48 22 000 0",
    account: ("PL", "1090101400000712", 8),
    greeting: "Dzień dobry,",
    closing: "Z poważaniem",
    answer_greeting: "Dzień dobry",
    answer_closing: "Z poważaniem\nElm Clinic, obsługa klienta",
    matters: [
        Matter {
            subject: "Wizyta: {day}",
            opening: "nie zdążę na umówioną wizytę ({day}, godzina dziesiąta), ponieważ mój pociąg przyjeżdża dopiero w południe. Czy tego samego dnia jest coś wolnego po południu?",
            answer: "tego samego dnia możemy zaproponować godzinę 14.30. Czy mam zapisać?",
            follow_up: "godzina 14.30 bardzo mi odpowiada, proszę o zapisanie. Czy skierowanie trzeba przynieść ponownie?",
            thanks: "Potwierdzenie dotarło. Dziękuję za szybką pomoc!",
        },
        Matter {
            subject: "Faktura {number} pobrana dwa razy",
            opening: "kwota z faktury {number} została pobrana z mojego konta dwa razy. Widzę to na wyciągu ({day}). Proszę o sprawdzenie i zwrot drugiej płatności.",
            answer: "rzeczywiście, płatność została pobrana dwa razy. Druga kwota wróci na to samo konto w ciągu trzech dni roboczych.",
            follow_up: "dziękuję. Na koncie nadal widać obie operacje, więc poczekam do końca tygodnia i w razie potrzeby napiszę ponownie.",
            thanks: "Pieniądze wróciły. Dziękuję za załatwienie sprawy.",
        },
        Matter {
            subject: "Nowy adres od przyszłego miesiąca",
            opening: "przeprowadzamy się. Od pierwszego dnia przyszłego miesiąca mój adres to {street} {house}, {city}. Proszę tam wysyłać listy i faktury.",
            answer: "dziękujemy za wczesną wiadomość. Nowy adres obowiązuje u nas od pierwszego dnia miesiąca.",
            follow_up: "czy zmiana dotyczy również przypomnień, czy trzeba to zgłosić jeszcze gdzie indziej?",
            thanks: "Świetnie, zatem sprawa załatwiona.",
        },
        Matter {
            subject: "Nie mogę zalogować się do portalu pacjenta",
            opening: "od aktualizacji portal informuje, że kod stracił ważność, chociaż wpisuję go od razu. Nie pomogły ani dwie przeglądarki, ani telefon.",
            answer: "dziś rano zegar naszego portalu chodził źle. Usterka jest usunięta; proszę zamówić nowy kod i spróbować jeszcze raz.",
            follow_up: "kod już działa, ale następna strona pozostaje pusta. Widać na niej oznaczenie {number}.",
            thanks: "Teraz działa, znów widzę swoje wizyty.",
        },
        Matter {
            subject: "Kopia mojej dokumentacji",
            opening: "do drugiej opinii potrzebuję kopii dokumentacji z ostatnich dwóch lat razem ze zdjęciami. Czego Państwo ode mnie potrzebują i jak długo to potrwa?",
            answer: "kopia jest bezpłatna. Przygotujemy ją w tym tygodniu i damy znać, gdy będzie można ją odebrać lub pobrać.",
            follow_up: "najlepiej byłoby ją pobrać. Druga przychodnia pyta przede wszystkim o pismo z dnia: {day}.",
            thanks: "Wszystko dotarło i jest kompletne. Bardzo dziękuję.",
        },
        Matter {
            subject: "Przedłużenie recepty {number}",
            opening: "moja recepta {number} traci ważność ({day}). Czy lekarka mogłaby ją przedłużyć bez wizyty? Od ostatniego razu nic się nie zmieniło.",
            answer: "lekarka widziała prośbę i przedłuża receptę na trzy miesiące. Będzie gotowa od jutra.",
            follow_up: "apteka jeszcze jej nie widzi. Czy mogą Państwo sprawdzić, czy trafiła do tej przy {street}?",
            thanks: "Odebrane dziś rano, dziękuję.",
        },
        Matter {
            subject: "Skarga na czas oczekiwania",
            opening: "podczas ostatniej wizyty ({day}) trzeba było czekać godzinę i czterdzieści minut dłużej, niż było umówione, i nikt nic nie powiedział. Rozumiem nagłe przypadki, ale proszę o tym informować.",
            answer: "przepraszamy. Należało o tym powiedzieć; od teraz rejestracja informuje, gdy opóźnienie przekracza kwadrans.",
            follow_up: "dziękuję za szczerą odpowiedź. Czy o opóźnieniu można dowiedzieć się SMS-em przed wyjściem z domu?",
            thanks: "To bardzo by pomogło. Sprawę uważam za zamkniętą.",
        },
        Matter {
            subject: "Zaświadczenie dla ubezpieczyciela",
            opening: "mój ubezpieczyciel prosi pod znakiem {number} o zaświadczenie o leczeniu wiosną. Czy można je wysłać do mnie albo prosto do nich?",
            answer: "do Państwa możemy je wysłać jeszcze dziś. Do wysłania prosto do ubezpieczyciela potrzebna jest podpisana zgoda.",
            follow_up: "proszę wysłać do mnie, przekażę dalej. Pytają też o datę każdej wizyty.",
            thanks: "Wszystko zostało uznane. Dziękuję za pomoc.",
        },
    ],
};
