views = Widoki
view-mine = Moje
view-unassigned = Nieprzypisane
view-waiting = Oczekujące
view-snoozed = Odłożone
view-resolved = Rozwiązane
view-all = Wszystkie
labels = Etykiety
nothing-opened = Proszę otworzyć rozmowę z listy.
keys-move = przejdź
keys-open = otwórz
oldest-first = Najstarsze najpierw
newest-first = Najnowsze najpierw
narrowed = filtrowane
order = Kolejność
language-of-conversation = Język rozmowy
any-language = Dowolny
show = Pokaż
show-all = Pokaż wszystkie
none-here = Nic tu nie czeka.
none-narrowed = Nic nie pasuje do filtra.
more = Więcej
wakes = do { $at }
assigned-to-you = Ty
nameless = Bez nazwy
subjectless = Bez tematu
erased = Usunięto
state-new = nowa
state-open = otwarta
state-waiting = oczekuje
state-snoozed = odłożona
state-resolved = rozwiązana
channel-email = E-mail
channel-phone = Telefon
actor-agent = Agent
actor-system = Doorward
actor-operator = Operator
actor-program = Program
actor-customer = Klient
event-resolved = Rozwiązano: { $who }
event-reopened = Otwarto ponownie: { $who }
event-reopened-by-customer = Klient napisał ponownie
event-snoozed = Odłożono do { $until }: { $who }
event-woken = Czas odłożenia minął
event-waiting = Oczekiwanie na klienta
event-taken = Przejęto: { $who }
event-assigned = Przypisano ({ $to }): { $who }
event-unassigned = Zwolniono: { $who }
event-labelled = Dodano etykietę „{ $label }”: { $who }
event-unlabelled = Usunięto etykietę „{ $label }”: { $who }
message-undelivered = niedostarczone
message-unproven = domena nadawcy nie potwierdza tej wiadomości
message-automatic = odpowiedź automatyczna
message-bulk = wysyłka masowa
message-bounce = raport o niedostarczeniu
message-ours = My
message-participant = Ktoś inny
message-empty = Ta wiadomość nie zawiera tekstu.
note-by = Notatka, { $who }
quoted = Cytowany tekst
as-designed = W oryginalnym wyglądzie
files = Pliki
file-raw = cała wiadomość.eml
file-nameless = plik bez nazwy
back-to-list = Powrót do listy
back-to-end = Do najnowszych wiadomości
earlier = Wcześniejsze wiadomości
thread = Wiadomości i notatki
customer = Klient
close = Zamknij
customer-since = Klient od { $year }
customer-erased = Wszystkie dane tego klienta zostały usunięte.
held = Dane potrzebne w tej sprawie
held-nothing = Brak zapisanych danych.
conversations = Rozmowy
who-looked = Kto przeglądał
nobody-looked = Jeszcze nikt.
look-value = { $who }, { $field }
look-thread = { $who }, wątek
field-name = Imię i nazwisko
field-email = E-mail
field-phone = Telefon
field-postal-address = Adres
field-birth-date = Data urodzenia
field-customer-number = Numer klienta
field-company = Firma
field-language = Język
field-iban = Konto
field-note = Uwaga
speaks-en = pisze po angielsku
speaks-de = pisze po niemiecku
speaks-fi = pisze po fińsku
speaks-pl = pisze po polsku
speaks-ru = pisze po rosyjsku
language-en = angielski
language-de = niemiecki
language-fi = fiński
language-pl = polski
language-ru = rosyjski
assign = Przypisz
take = Przejmij
put-back = Zwolnij
label = Etykieta
label-name = Nazwa etykiety
label-add = Dodaj etykietę
label-remove = Usuń etykietę { $label }
snooze = Odłóż
snooze-date = Do wybranej daty
snooze-later = Później dzisiaj
snooze-tomorrow = Jutro
snooze-monday = W poniedziałek
snooze-month = Za miesiąc
resolve = Rozwiąż
reopen = Otwórz ponownie
write-here = Treść
reply-to = Odpowiedź do: { $name }…
copy-to = Kopia do
what-is-written = Rodzaj treści
reply = Odpowiedź
note = Notatka
note-add = Dodaj notatkę
send = Wyślij
send-and-resolve = Wyślij i rozwiąż
draft-kept = Szkic zapisany { $at }
sent = Odpowiedź zostanie za chwilę wysłana.
take-back = Cofnij
taken-back = Cofnięto. Tekst jest w szkicu.
overtaken = Rozmowa zmieniła się w międzyczasie; oto jej obecny stan.
overtaken-state = Ktoś był szybszy: rozmowa jest teraz { $state }.
overtaken-assignment = Ktoś był szybszy: proszę sprawdzić, kto ma teraz rozmowę.
selection = Wybrane rozmowy
select = Wybierz: { $name }
selection-done =
    { $count ->
         [one] Wykonano dla { $count } rozmowy.
         [few] Wykonano dla { $count } rozmów.
         [many] Wykonano dla { $count } rozmów.
        *[other] Wykonano dla { $count } rozmowy.
    }
selection-left =
    { $count ->
         [one] { $count } zmieniła się w międzyczasie i pozostaje bez zmian.
         [few] { $count } zmieniły się w międzyczasie i pozostają bez zmian.
         [many] { $count } zmieniło się w międzyczasie i pozostaje bez zmian.
        *[other] { $count } zmieniło się w międzyczasie i pozostaje bez zmian.
    }
reveal = Odkryj
reveal-what = { $field }, zamaskowane jako { $mask }: odkryj
purpose = Cel
purpose-service = do odpowiedzi
purpose-billing = do rozliczeń
purpose-delivery = do dostawy
purpose-verification = do weryfikacji
masks-again = Ukrycie za { $count } s
mail-held = zaraz zostanie wysłana
mail-queued = w kolejce
mail-again = opóźniona, ponawianie
mail-sending = wysyłanie
mail-sent = wysłana
mail-twice = wysłana, być może dwukrotnie
mail-failed = niewysłana
wrong-time = Proszę wybrać przyszły termin, najwyżej za dwa lata.
wrong-label = Etykieta to nazwa o długości od 1 do 60 znaków w jednym wierszu.
wrong-many-labels = Jest zbyt wiele etykiet. Proszę usunąć jedną lub użyć istniejącej.
wrong-note = Proszę wpisać tekst, najwyżej 256 kB.
wrong-no-address = Nie skonfigurowano adresu nadawcy. Proszę zwrócić się do administratora.
wrong-address = Jeden z adresów jest nieprawidłowy. Proszę użyć formy nazwa@example.org.
wrong-recipients = Jest zbyt wielu odbiorców. Proszę pominąć niektórych.
wrong-own-address = Jeden z odbiorców to nasz adres. Proszę go pominąć lub napisać notatkę.
wrong-no-text = Najpierw proszę wpisać tekst.
wrong-long-text = Tekst jest zbyt długi. Proszę go skrócić lub wysłać jako plik.
wrong-files = Plików jest zbyt wiele lub są zbyt duże. Proszę pominąć niektóre.
wrong-erased = Klient został usunięty. Nie można już nic napisać.
wrong-on-its-way = Wiadomość jest już w drodze i nie można jej cofnąć.
wrong-mail = Tej wiadomości nie można wysłać w tej postaci.
other-looks = { $who } też przegląda
other-writes = { $who } pisze
others-look =
    { $count ->
         [one] { $who } i { $count } inna osoba też przeglądają
         [few] { $who } i { $count } inne osoby też przeglądają
         [many] { $who } i { $count } innych osób też przegląda
        *[other] { $who } i { $count } innej osoby też przegląda
    }
others-write =
    { $count ->
         [one] { $who } pisze, { $count } inna osoba przegląda
         [few] { $who } pisze, { $count } inne osoby przeglądają
         [many] { $who } pisze, { $count } innych osób przegląda
        *[other] { $who } pisze, { $count } innej osoby przegląda
    }
commands = Polecenia
commands-hint = Szukaj lub wpisz polecenie
keys = Klawisze
keys-select = zaznacz
keys-resolve-next = rozwiąż i przejdź dalej
keys-reveal = odkryj wartość
keys-go = przejdź do widoku
