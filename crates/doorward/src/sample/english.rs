//! What English-speaking customers of the sample are called and write about.

use super::language::{Language, Matter};

pub(super) const ENGLISH: Language = Language {
    code: "en",
    men: ["Oliver", "George", "Thomas", "Samuel", "Daniel", "Patrick", "Callum", "Henry"],
    women: ["Amelia", "Grace", "Hannah", "Charlotte", "Eleanor", "Fiona", "Megan", "Ruth"],
    mens_surnames: ["Whitfield", "Okafor", "Brennan", "Ashworth", "Pemberton", "Lindsay", "O'Brien", "Hargreaves"],
    womens_surnames: ["Whitfield", "Okafor", "Brennan", "Ashworth", "Pemberton", "Lindsay", "O'Brien", "Hargreaves"],
    streets: ["Mill Lane", "Church Road", "Station Road", "Victoria Street"],
    cities: ["Bristol BS1 4QA", "Leeds LS2 8JS", "Norwich NR2 1TF", "York YO1 7HH"],
    phone: "+44 20 7946 0",
    account: ("GB", "NWBK601613", 8),
    greeting: "Hello,",
    closing: "Kind regards",
    answer_greeting: "Dear",
    answer_closing: "With kind regards\nElm Clinic, customer service",
    matters: [
        Matter {
            subject: "Appointment on {day}",
            opening: "I have an appointment on {day} at ten and my train only arrives at noon. Could I come in the afternoon instead, or on another day of that week?",
            answer: "We can offer you half past two on the same day. Shall I book it for you?",
            follow_up: "Half past two is perfect, please book it. Do I need to bring the referral again?",
            thanks: "Booked, and I have the confirmation. Thank you for being so quick!",
        },
        Matter {
            subject: "Invoice {number} charged twice",
            opening: "The amount of invoice {number} left my account twice, once on Monday and once on {day}. Please look into it and return the second payment.",
            answer: "You are right, the payment was taken twice. The second one goes back to the account it came from within three working days.",
            follow_up: "Thank you. My bank still shows both bookings, so I will wait until the end of the week and write again if nothing has moved.",
            thanks: "The money is back. Thank you for sorting it out.",
        },
        Matter {
            subject: "New address from next month",
            opening: "We are moving. From the first of next month my address is {street} {house}, {city}. Please send letters and invoices there.",
            answer: "Thank you for telling us in time. We have noted the new address from the first of the month.",
            follow_up: "Does the change also cover the reminder letters, or do I need to tell another office?",
            thanks: "Wonderful, one thing less to think about.",
        },
        Matter {
            subject: "Cannot sign in to the patient portal",
            opening: "Since the update the portal says that my code has expired, although I type it at once. I have tried two browsers and my phone.",
            answer: "There was a fault with the clock of our portal this morning. It is mended; please ask for a new code and try again.",
            follow_up: "The code works now, but the page afterwards stays empty. The reference it shows is {number}.",
            thanks: "It works. I can see my appointments again.",
        },
        Matter {
            subject: "Copy of my records",
            opening: "For a second opinion I need a copy of my records of the last two years, including the pictures. What do you need from me, and how long does it take?",
            answer: "You get your copy without charge. We prepare it this week and tell you as soon as it can be collected or downloaded.",
            follow_up: "A download would be best. The other clinic asks for the letter of {day} in particular.",
            thanks: "Everything has arrived and is complete. Many thanks.",
        },
        Matter {
            subject: "Repeat prescription {number}",
            opening: "My repeat prescription {number} ends on {day}. Could the doctor renew it without a visit? Nothing has changed since the last time.",
            answer: "The doctor has seen your request and renews it for three months. It is ready from tomorrow.",
            follow_up: "The pharmacy says that they cannot see it yet. Could you check whether it went to the one in {street}?",
            thanks: "Collected this morning, thank you.",
        },
        Matter {
            subject: "A complaint about the waiting time",
            opening: "On {day} I waited an hour and forty minutes past my appointment and nobody said a word. I understand that emergencies happen, but please tell people.",
            answer: "We are sorry. You should have been told, and the desk now gives word when a doctor runs late by more than fifteen minutes.",
            follow_up: "I appreciate the honest answer. Is there a way to be told by text message before I set out?",
            thanks: "That would help a lot. I consider the matter settled.",
        },
        Matter {
            subject: "Statement for my insurance",
            opening: "My insurance asks for a statement of the treatment in spring with reference {number}. Could you send it to me by mail or straight to them?",
            answer: "We can send it to you today. For sending it straight to the insurance we would need your signed consent.",
            follow_up: "Please send it to me, I will pass it on. They also want the dates of each visit.",
            thanks: "They have accepted it. Thank you for your help.",
        },
    ],
};
