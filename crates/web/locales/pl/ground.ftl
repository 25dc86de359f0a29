skip-to-content = Przejdź do treści
to-first-page = Do strony głównej
look = Wygląd i język
look-theme = Wygląd
look-language = Język
theme-system = Jak w systemie
theme-light = Jasny
theme-dark = Ciemny
age-now = teraz
age-minutes = { $count } min
age-hours = { $count } godz.
age-days =
    { $count ->
         [one] { $count } dzień
         [few] { $count } dni
         [many] { $count } dni
        *[other] { $count } dnia
    }
front-title = Obsługa klienta
front-what = Tutaj organizacja odpowiada swoim klientom i chroni to, co jej powierzyli.
sign-in = Zaloguj się
