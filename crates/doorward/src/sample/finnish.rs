//! What Finnish-speaking customers of the sample are called and write about.

use super::language::{Language, Matter};

pub(super) const FINNISH: Language = Language {
    code: "fi",
    men: ["Mikko", "Juhani", "Antti", "Väinö", "Petri", "Heikki", "Eero", "Ossi"],
    women: ["Päivi", "Aino", "Marjatta", "Kaisa", "Riikka", "Anneli", "Sanna", "Helmi"],
    mens_surnames: ["Mäkinen", "Korhonen", "Hämäläinen", "Rantanen", "Lehtonen", "Niskanen", "Väisänen", "Salo"],
    womens_surnames: ["Mäkinen", "Korhonen", "Hämäläinen", "Rantanen", "Lehtonen", "Niskanen", "Väisänen", "Salo"],
    streets: ["Koivukatu", "Rantatie", "Kirkkokatu", "Pyynikintie"],
    cities: ["33100 Tampere", "20100 Turku", "90100 Oulu", "70100 Kuopio"],
    phone: "+358 50 000 0",
    account: ("FI", "123456000", 5),
    greeting: "Hei,",
    closing: "Ystävällisin terveisin",
    answer_greeting: "Hei",
    answer_closing: "Ystävällisin terveisin\nElm Clinic, asiakaspalvelu",
    matters: [
        Matter {
            subject: "Ajanvaraus: {day}",
            opening: "en pääse sovittuun aikaan ({day} kello kymmenen), koska junani tulee perille vasta puoliltapäivin. Olisiko samana päivänä vapaata iltapäivällä?",
            answer: "samana päivänä on vapaa aika kello 14.30. Varataanko se?",
            follow_up: "kello 14.30 sopii hyvin, varatkaa se. Tarvitseeko lähete ottaa uudestaan mukaan?",
            thanks: "Vahvistus tuli perille. Kiitos nopeasta avusta!",
        },
        Matter {
            subject: "Lasku {number} veloitettu kahdesti",
            opening: "laskun {number} summa on lähtenyt tililtäni kahdesti, maanantaina ja uudestaan. Huomasin asian, kun tarkistin tiliotteen ({day}). Tarkistaisitteko asian ja palauttaisitte toisen maksun?",
            answer: "olette oikeassa, maksu on veloitettu kahdesti. Toinen maksu palautetaan samalle tilille kolmen arkipäivän kuluessa.",
            follow_up: "kiitos. Tilillä näkyvät vielä molemmat veloitukset, joten odotan viikon loppuun ja kirjoitan tarvittaessa uudestaan.",
            thanks: "Rahat ovat palautuneet. Kiitos, että hoiditte asian.",
        },
        Matter {
            subject: "Uusi osoite ensi kuusta alkaen",
            opening: "muutamme. Ensi kuun alusta osoitteeni on {street} {house}, {city}. Lähettäisittekö kirjeet ja laskut sinne.",
            answer: "kiitos, että ilmoititte ajoissa. Uusi osoite on voimassa kuun alusta.",
            follow_up: "koskeeko muutos myös muistutuskirjeitä, vai pitääkö siitä ilmoittaa vielä muualle?",
            thanks: "Hienoa, sitten se on hoidettu.",
        },
        Matter {
            subject: "Kirjautuminen potilasportaaliin ei onnistu",
            opening: "päivityksen jälkeen portaali sanoo, että koodini on vanhentunut, vaikka kirjoitan sen heti. Olen kokeillut kahta selainta ja puhelinta.",
            answer: "portaalimme kello oli aamulla väärässä. Vika on korjattu; pyytäkää uusi koodi ja yrittäkää uudestaan.",
            follow_up: "koodi toimii nyt, mutta sen jälkeen sivu jää tyhjäksi. Sivulla näkyy tunnus {number}.",
            thanks: "Nyt toimii, näen taas aikani.",
        },
        Matter {
            subject: "Kopio potilastiedoistani",
            opening: "tarvitsen toista arviota varten kopion kahden viime vuoden tiedoistani kuvineen. Mitä tarvitsette minulta, ja kauanko se kestää?",
            answer: "kopio on teille maksuton. Kokoamme sen tällä viikolla ja ilmoitamme, kun sen voi noutaa tai ladata.",
            follow_up: "lataaminen olisi paras. Toinen vastaanotto kysyy etenkin lausuntoa, jonka päivä on {day}.",
            thanks: "Kaikki tuli perille ja on täydellistä. Paljon kiitoksia.",
        },
        Matter {
            subject: "Reseptin {number} uusiminen",
            opening: "reseptini {number} vanhenee pian ({day}). Voisiko lääkäri uusia sen ilman käyntiä? Mikään ei ole muuttunut viime kerrasta.",
            answer: "lääkäri on nähnyt pyyntönne ja uusii reseptin kolmeksi kuukaudeksi. Se on valmiina huomisesta alkaen.",
            follow_up: "apteekki sanoo, ettei resepti näy vielä. Voisitteko tarkistaa, menikö se oikeaan paikkaan ({street})?",
            thanks: "Haettu tänä aamuna, kiitos.",
        },
        Matter {
            subject: "Valitus odotusajasta",
            opening: "viime käynnillä ({day}) odotin tunnin ja neljäkymmentä minuuttia yli sovitun ajan, eikä kukaan sanonut mitään. Ymmärrän, että kiireellisiä tapauksia tulee, mutta kertokaa siitä ihmisille.",
            answer: "olemme pahoillamme. Teille olisi pitänyt kertoa; tästä lähtien vastaanotto ilmoittaa, jos aika myöhästyy yli vartin.",
            follow_up: "kiitos rehellisestä vastauksesta. Voisiko viivästyksestä saada tiedon tekstiviestillä ennen lähtöä?",
            thanks: "Siitä olisi paljon apua. Asia on puolestani selvä.",
        },
        Matter {
            subject: "Todistus vakuutusyhtiölle",
            opening: "vakuutusyhtiöni pyytää tunnuksella {number} todistusta kevään hoidosta. Voisitteko lähettää sen minulle tai suoraan yhtiöön?",
            answer: "voimme lähettää sen teille jo tänään. Suoraan vakuutusyhtiölle lähettämiseen tarvitsemme allekirjoitetun suostumuksenne.",
            follow_up: "lähettäkää se minulle, toimitan sen eteenpäin. Yhtiö kysyy myös jokaisen käynnin päivää.",
            thanks: "Yhtiö hyväksyi kaiken. Kiitos avusta.",
        },
    ],
};
