skip-to-content = Zum Inhalt
to-first-page = Zur Startseite
look = Darstellung und Sprache
look-theme = Darstellung
look-language = Sprache
theme-system = Wie das System
theme-light = Hell
theme-dark = Dunkel
age-now = jetzt
age-minutes = { $count } Min.
age-hours = { $count } Std.
age-days =
    { $count ->
         [one] { $count } Tag
        *[other] { $count } Tage
    }
front-title = Der Kundenschalter
front-what = Hier antwortet eine Organisation ihren Kundinnen und Kunden und hütet, was diese ihr anvertraut haben.
sign-in = Anmelden
