skip-to-content = Перейти к содержанию
to-first-page = На главную страницу
look = Оформление и язык
look-theme = Оформление
look-language = Язык
theme-system = Как в системе
theme-light = Светлое
theme-dark = Тёмное
age-now = сейчас
age-minutes = { $count } мин
age-hours = { $count } ч
age-days =
    { $count ->
         [one] { $count } день
         [few] { $count } дня
         [many] { $count } дней
        *[other] { $count } дня
    }
front-title = Служба поддержки клиентов
front-what = Здесь организация отвечает своим клиентам и хранит то, что они ей доверили.
sign-in = Войти
