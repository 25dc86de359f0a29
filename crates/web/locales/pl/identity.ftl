sign-in-passkey = Zaloguj się kluczem dostępu
sign-in-or-password = Albo hasłem i aplikacją uwierzytelniającą:
sign-in-lost = Nie mogę się zalogować
sign-out = Wyloguj się
address = Adres e-mail
password = Hasło
code = Sześć cyfr z aplikacji uwierzytelniającej
go-on = Dalej
save = Zapisz
remove = Usuń
recovery-title = Powrót z kodem odzyskiwania
recovery-what = Kod działa jeden raz. Potem ustawia się nowy klucz dostępu albo hasło.
recovery-code = Kod odzyskiwania
recovery-none-left = Nie ma już kodów? O nowe zaproszenie prosimy zwrócić się do administratora organizacji.
enrol-title = Witamy
enrol-invited = { $organisation } zaprasza do obsługi klientów.
enrol-recovered = Kod był prawidłowy. Teraz prosimy ustawić nowy sposób logowania.
enrol-who = Dla adresu { $address }. Link działa jeden raz, do { $until }.
enrol-with-passkey = Utwórz klucz dostępu i zacznij
enrol-with-password = Ustaw hasło i zacznij
enrol-password-instead = Użyj hasła i aplikacji uwierzytelniającej
enrol-passkey-instead = Użyj klucza dostępu
name = Imię i nazwisko
name-hint = Tak widzą Pana lub Panią współpracownicy.
passkey-what = Klucz dostępu pozwala logować się odciskiem palca, twarzą lub kodem PIN urządzenia. Fałszywa strona nie może go ukraść.
app-what = Prosimy zeskanować obraz aplikacją uwierzytelniającą albo przepisać tajny ciąg pod nim.
app-here = Otwórz aplikację na tym urządzeniu
password-new = Nowe hasło
password-hint =
    { $count ->
         [one] Co najmniej { $count } znak. Kilka słów łatwo zapamiętać.
         [few] Co najmniej { $count } znaki. Kilka słów łatwo zapamiętać.
        *[other] Co najmniej { $count } znaków. Kilka słów łatwo zapamiętać.
    }
codes-title = Kody odzyskiwania
codes-what = Prosimy wydrukować lub zapisać te kody i przechowywać je z dala od urządzenia. Każdy działa jeden raz. Nie zostaną pokazane ponownie.
codes-kept = Kody są zachowane
codes-left =
    { $count ->
         [one] Pozostał { $count } kod.
         [few] Pozostały { $count } kody.
        *[other] Pozostało { $count } kodów.
    }
codes-renew = Utwórz nowe kody
account-title = Konto
account-back = Wróć do konta
notice-invited-again = Administrator wysłał nowe zaproszenie. Wszystkie wcześniejsze sposoby logowania usunięto.
notice-recovery-used = Użyto kodu odzyskiwania.
notice-passkey-added = Dodano klucz dostępu.
notice-passkey-removed = Usunięto klucz dostępu.
notice-password-changed = Ustawiono lub usunięto hasło.
notice-seen = Rozumiem
passkeys = Klucze dostępu
passkey-made = Utworzony { $day }
passkey-used = ostatnio użyty { $moment }
passkey-add = Dodaj klucz dostępu
password-title = Hasło i aplikacja uwierzytelniająca
password-there = Hasło i aplikacja uwierzytelniająca są ustawione.
password-none = Hasło nie jest ustawione. Klucz dostępu jest bezpieczniejszy.
password-set = Ustaw hasło
password-change = Zmień hasło
password-remove = Usuń hasło
sessions = Aktywne sesje
session-own = ta przeglądarka
session-end = Zakończ
sessions-end-others = Zakończ wszystkie inne
by-passkey = Kluczem dostępu
by-password = Hasłem
trouble-refused = Nie udało się. Prosimy sprawdzić dane i spróbować ponownie.
trouble-too-many =
    { $minutes ->
         [one] Zbyt wiele prób. Prosimy spróbować ponownie za { $minutes } minutę.
         [few] Zbyt wiele prób. Prosimy spróbować ponownie za { $minutes } minuty.
        *[other] Zbyt wiele prób. Prosimy spróbować ponownie za { $minutes } minut.
    }
trouble-name = Nazwa ma od 1 do 100 znaków w jednym wierszu.
trouble-passkey = Klucz dostępu nie został przyjęty. Prosimy spróbować ponownie albo użyć innego.
trouble-too-slow = Trwało to zbyt długo. Prosimy zacząć od nowa.
trouble-no-passkeys-here = Przeglądarki pozwalają na klucze dostępu tylko przez HTTPS albo na localhost. Tutaj używa się hasła i aplikacji uwierzytelniającej.
trouble-too-many-passkeys = Liczba kluczy dostępu: { $count }. Więcej nie można mieć; najpierw prosimy jeden usunąć.
trouble-password-length =
    { $count ->
         [one] Hasło ma co najmniej { $count } znak.
         [few] Hasło ma co najmniej { $count } znaki.
        *[other] Hasło ma co najmniej { $count } znaków.
    }
trouble-password-address = Hasło nie może być adresem e-mail.
trouble-password-breached = To hasło jest na liście skradzionych haseł. Prosimy wybrać inne.
trouble-code = To nie są cyfry, które aplikacja teraz pokazuje. Prosimy sprawdzić zegar urządzenia i wpisać następne.
trouble-last-means = To jedyny sposób logowania. Najpierw prosimy dodać inny.
trouble-sign-in-again = Aby to zmienić, prosimy zalogować się ponownie.
