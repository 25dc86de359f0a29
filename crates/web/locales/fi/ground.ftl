skip-to-content = Siirry sisältöön
to-first-page = Etusivulle
look = Ulkoasu ja kieli
look-theme = Ulkoasu
look-language = Kieli
theme-system = Kuten järjestelmä
theme-light = Vaalea
theme-dark = Tumma
age-now = nyt
age-minutes = { $count } min
age-hours = { $count } t
age-days =
    { $count ->
         [one] { $count } päivä
        *[other] { $count } päivää
    }
front-title = Asiakaspalvelu
front-what = Täällä organisaatio vastaa asiakkailleen ja suojaa heidän tietonsa.
sign-in = Kirjaudu sisään
