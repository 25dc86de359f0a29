skip-to-content = Skip to the content
to-first-page = To the first page
look = Look and language
look-theme = Look
look-language = Language
theme-system = As the system
theme-light = Light
theme-dark = Dark
age-now = now
age-minutes = { $count } min
age-hours = { $count } h
age-days =
    { $count ->
         [one] { $count } day
        *[other] { $count } days
    }
front-title = The customer desk
front-what = This is where an organisation answers its customers, and guards what they have told it.
sign-in = Sign in
