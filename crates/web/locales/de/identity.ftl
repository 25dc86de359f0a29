sign-in-passkey = Mit Passkey anmelden
sign-in-or-password = Oder mit Passwort und Authenticator-App:
sign-in-lost = Ich kann mich nicht mehr anmelden
sign-out = Abmelden
address = E-Mail-Adresse
password = Passwort
code = Sechs Ziffern aus der Authenticator-App
go-on = Weiter
save = Speichern
remove = Entfernen
recovery-title = Mit einem Wiederherstellungscode zurückkehren
recovery-what = Jeder Code gilt einmal. Danach richten Sie einen neuen Passkey oder ein neues Passwort ein.
recovery-code = Wiederherstellungscode
recovery-none-left = Kein Code mehr übrig? Bitten Sie die Administration Ihrer Organisation um eine neue Einladung.
enrol-title = Willkommen
enrol-invited = { $organisation } lädt Sie in den Kundendienst ein.
enrol-recovered = Der Code war richtig. Richten Sie nun einen neuen Zugang ein.
enrol-who = Für { $address }. Dieser Link gilt einmal, bis { $until }.
enrol-with-passkey = Passkey anlegen und beginnen
enrol-with-password = Passwort festlegen und beginnen
enrol-password-instead = Stattdessen Passwort und Authenticator-App verwenden
enrol-passkey-instead = Stattdessen einen Passkey verwenden
name = Ihr Name
name-hint = So sehen Sie Ihre Kolleginnen und Kollegen.
passkey-what = Mit einem Passkey melden Sie sich per Fingerabdruck, Gesicht oder Geräte-PIN an. Gefälschte Seiten können ihn nicht stehlen.
app-what = Fotografieren Sie dieses Bild mit einer Authenticator-App, oder tippen Sie das Geheimnis darunter ab.
app-here = App auf diesem Gerät öffnen
password-new = Neues Passwort
password-hint = Mindestens { $count } Zeichen. Ein paar Wörter lassen sich gut merken.
codes-title = Wiederherstellungscodes
codes-what = Drucken Sie diese Codes aus oder schreiben Sie sie auf, und bewahren Sie sie getrennt vom Gerät auf. Jeder gilt einmal. Sie werden nicht wieder angezeigt.
codes-kept = Ich habe sie aufbewahrt
codes-left =
    { $count ->
         [one] Noch { $count } Code übrig.
        *[other] Noch { $count } Codes übrig.
    }
codes-renew = Neue Codes erstellen
account-title = Ihr Konto
account-back = Zurück zum Konto
notice-invited-again = Sie wurden von der Administration neu eingeladen. Alle früheren Zugänge wurden entfernt.
notice-recovery-used = Einer Ihrer Wiederherstellungscodes wurde verwendet.
notice-passkey-added = Ein Passkey wurde hinzugefügt.
notice-passkey-removed = Ein Passkey wurde entfernt.
notice-password-changed = Ihr Passwort wurde festgelegt oder entfernt.
notice-seen = Verstanden
passkeys = Passkeys
passkey-made = Angelegt am { $day }
passkey-used = zuletzt verwendet { $moment }
passkey-add = Passkey hinzufügen
password-title = Passwort und Authenticator-App
password-there = Sie haben ein Passwort mit Authenticator-App.
password-none = Sie haben kein Passwort. Ein Passkey ist sicherer.
password-set = Passwort festlegen
password-change = Passwort ändern
password-remove = Passwort entfernen
sessions = Wo Sie angemeldet sind
session-own = dieser Browser
session-end = Beenden
sessions-end-others = Alle anderen beenden
by-passkey = Mit Passkey
by-password = Mit Passwort
trouble-refused = Das hat nicht geklappt. Prüfen Sie Ihre Eingaben und versuchen Sie es erneut.
trouble-too-many =
    { $minutes ->
         [one] Zu viele Versuche. Versuchen Sie es in { $minutes } Minute erneut.
        *[other] Zu viele Versuche. Versuchen Sie es in { $minutes } Minuten erneut.
    }
trouble-name = Ein Name hat 1 bis 100 Zeichen in einer Zeile.
trouble-passkey = Der Passkey wurde nicht angenommen. Versuchen Sie es erneut, oder verwenden Sie einen anderen.
trouble-too-slow = Das hat zu lange gedauert. Bitte beginnen Sie von vorn.
trouble-no-passkeys-here = Browser erlauben Passkeys nur über HTTPS oder auf localhost. Hier wird ein Passwort mit Authenticator-App verwendet.
trouble-too-many-passkeys = Sie haben { $count } Passkeys; mehr sind nicht möglich. Entfernen Sie zuerst einen.
trouble-password-length = Ein Passwort hat mindestens { $count } Zeichen.
trouble-password-address = Ihr Passwort darf nicht Ihre Adresse sein.
trouble-password-breached = Dieses Passwort steht auf einer Liste gestohlener Passwörter. Wählen Sie ein anderes.
trouble-code = Das sind nicht die Ziffern, die die App gerade zeigt. Prüfen Sie die Uhr Ihres Geräts und geben Sie die nächsten ein.
trouble-last-means = Das ist Ihr einziger Zugang. Fügen Sie zuerst einen anderen hinzu.
trouble-sign-in-again = Melden Sie sich erneut an, um dies zu ändern.
