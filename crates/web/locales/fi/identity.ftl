sign-in-passkey = Kirjaudu pääsyavaimella
sign-in-or-password = Tai salasanalla ja todennussovelluksella:
sign-in-lost = En pääse enää kirjautumaan
sign-out = Kirjaudu ulos
address = Sähköpostiosoite
password = Salasana
code = Kuusi numeroa todennussovelluksesta
go-on = Jatka
save = Tallenna
remove = Poista
recovery-title = Palaa palautuskoodilla
recovery-what = Koodi kelpaa kerran. Sen jälkeen otetaan käyttöön uusi pääsyavain tai salasana.
recovery-code = Palautuskoodi
recovery-none-left = Eikö koodeja ole jäljellä? Uuden kutsun saa oman organisaation ylläpitäjältä.
enrol-title = Tervetuloa
enrol-invited = { $organisation } kutsuu asiakaspalveluunsa.
enrol-recovered = Koodi oli oikea. Nyt otetaan käyttöön uusi tapa kirjautua.
enrol-who = Osoitteelle { $address }. Linkki kelpaa kerran, { $until } asti.
enrol-with-passkey = Luo pääsyavain ja aloita
enrol-with-password = Aseta salasana ja aloita
enrol-password-instead = Käytä sen sijaan salasanaa ja todennussovellusta
enrol-passkey-instead = Käytä sen sijaan pääsyavainta
name = Nimi
name-hint = Tämä nimi näkyy työtovereille.
passkey-what = Pääsyavaimella kirjaudutaan sormenjäljellä, kasvoilla tai laitteen PIN-koodilla. Väärennetty sivu ei voi varastaa sitä.
app-what = Kuvaa tämä kuvio todennussovelluksella tai kirjoita sen alla oleva salaisuus sovellukseen.
app-here = Avaa tämän laitteen sovellus
password-new = Uusi salasana
password-hint = Vähintään { $count } merkkiä. Muutama sana on helppo muistaa.
codes-title = Palautuskoodit
codes-what = Tulosta koodit tai kirjoita ne muistiin ja säilytä ne erillään laitteesta. Kukin kelpaa kerran. Niitä ei näytetä uudelleen.
codes-kept = Koodit ovat tallessa
codes-left =
    { $count ->
         [one] { $count } koodi jäljellä.
        *[other] { $count } koodia jäljellä.
    }
codes-renew = Luo uudet koodit
account-title = Oma tili
account-back = Takaisin omalle tilille
notice-invited-again = Ylläpitäjä lähetti uuden kutsun. Kaikki aiemmat kirjautumistavat poistettiin.
notice-recovery-used = Palautuskoodia käytettiin.
notice-passkey-added = Pääsyavain lisättiin.
notice-passkey-removed = Pääsyavain poistettiin.
notice-password-changed = Salasana asetettiin tai poistettiin.
notice-seen = Selvä
passkeys = Pääsyavaimet
passkey-made = Luotu { $day }
passkey-used = käytetty viimeksi { $moment }
passkey-add = Lisää pääsyavain
password-title = Salasana ja todennussovellus
password-there = Käytössä on salasana ja todennussovellus.
password-none = Salasanaa ei ole. Pääsyavain on turvallisempi.
password-set = Aseta salasana
password-change = Vaihda salasana
password-remove = Poista salasana
sessions = Avoimet istunnot
session-own = tämä selain
session-end = Lopeta
sessions-end-others = Lopeta kaikki muut
by-passkey = Pääsyavaimella
by-password = Salasanalla
trouble-refused = Se ei onnistunut. Tarkista tiedot ja yritä uudelleen.
trouble-too-many =
    { $minutes ->
         [one] Liian monta yritystä. Yritä uudelleen { $minutes } minuutin kuluttua.
        *[other] Liian monta yritystä. Yritä uudelleen { $minutes } minuutin kuluttua.
    }
trouble-name = Nimessä on 1–100 merkkiä yhdellä rivillä.
trouble-passkey = Pääsyavainta ei hyväksytty. Yritä uudelleen tai käytä toista.
trouble-too-slow = Se kesti liian kauan. Aloita alusta.
trouble-no-passkeys-here = Selaimet sallivat pääsyavaimet vain HTTPS-yhteydellä tai localhost-osoitteessa. Täällä käytetään salasanaa ja todennussovellusta.
trouble-too-many-passkeys = Pääsyavaimia on { $count }, eikä enempää voi olla. Poista ensin yksi.
trouble-password-length = Salasanassa on vähintään { $count } merkkiä.
trouble-password-address = Salasana ei voi olla oma osoite.
trouble-password-breached = Tämä salasana on varastettujen salasanojen luettelossa. Valitse toinen.
trouble-code = Nämä eivät ole sovelluksen nyt näyttämät numerot. Tarkista laitteen kello ja kirjoita seuraavat.
trouble-last-means = Tämä on ainoa tapa kirjautua. Lisää ensin toinen.
trouble-sign-in-again = Muutos vaatii uuden kirjautumisen.
