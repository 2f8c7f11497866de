/// What is said. But for the few words of a hello, no sentence is in two sets.
enum TrialTexts {
    static let languages = ["en-us", "en-gb", "en-gb-scotland", "en-029", "es", "de", "fr-fr", "it"]

    /// The share of a list that belongs to a set: every second sentence trains, the others tune and test in turn.
    private static func share<Element>(of list: [Element], _ set: TrialSet) -> [Element] {
        list.enumerated().filter { index, _ in
            switch set {
            case .train: index % 4 == 0 || index % 4 == 2
            case .tune: index % 4 == 1
            case .test: index % 4 == 3
            }
        }.map(\.element)
    }

    static func hellos(_ language: String) -> [String] {
        switch language.prefix(2) {
        case "es": ["¿Diga?", "¿Bueno?", "¿Sí?", "¿Aló?", "Dígame.", "Hola."]
        case "de": ["Hallo?", "Ja?", "Ja bitte?", "Müller.", "Ja, hallo?", "Schmidt."]
        case "fr": ["Allô?", "Oui?", "Allô, oui?", "Bonjour.", "Oui, bonjour?"]
        case "it": ["Pronto?", "Sì?", "Pronto, chi parla?", "Sì, pronto?"]
        default:
            [
                "Hello?", "Hello.", "Yes?", "Hi.", "Yeah?", "Hey.", "Hello, hello?", "Speaking.", "Yes, hello?",
                "Hi there.",
            ]
        }
    }

    /// A person who says more than hello.
    static func longHellos(_ language: String, _ set: TrialSet) -> [String] {
        let all: [String] =
            switch language.prefix(2) {
            case "es":
                [
                    "Hola, soy Ana, ¿quién es?", "Sí, dígame, ¿con quién hablo?", "Hola, ¿quién llama?",
                    "Buenas, aquí Carlos.", "Familia García, dígame.", "Sí, hola, un momento por favor.",
                    "Hola, ¿me oye?", "Sí, soy yo, dígame.",
                ]
            case "de":
                [
                    "Hallo, hier ist Anna Weber.", "Ja, guten Tag, wer ist da?", "Familie Schneider, guten Abend.",
                    "Hallo, wer spricht denn da?", "Fischer, guten Tag.", "Ja, Moment bitte.",
                    "Peter Wagner am Apparat.", "Hallo, können Sie mich hören?",
                ]
            case "fr":
                [
                    "Allô, c'est Marie, qui est à l'appareil?", "Oui, bonjour, je vous écoute.", "Allô, Paul Martin.",
                    "Oui, allô, qui est-ce?", "Bonsoir, famille Bernard.", "Oui, un instant s'il vous plaît.",
                    "Allô, vous m'entendez?", "Oui, c'est moi.",
                ]
            case "it":
                [
                    "Pronto, sono Maria, chi parla?", "Sì, buongiorno, mi dica.", "Pronto, casa Rossi.",
                    "Sì, pronto, chi è?", "Buonasera, famiglia Bianchi.", "Sì, un attimo per favore.",
                    "Pronto, mi sente?", "Sì, sono io.",
                ]
            default:
                [
                    "Hello, this is Anna speaking.", "Hi, this is Tom, who's calling?", "Hello, the Smith residence.",
                    "Yes, hello, who is this please?", "Hi, it's Peter, can I help you?",
                    "Good evening, Mary speaking.",
                    "Hello? Sorry, I was in the garden.", "Hello, John Brown here.", "Hey, how are you doing?",
                    "Yes, this is he.", "Hello, can you hear me?", "Hi, hold on a second please.",
                    "Hello, what can I do for you?", "Yes, speaking, what is it about?", "Good morning, Susan here.",
                    "Hello, you're through to David.",
                ]
            }
        return share(of: all, set)
    }

    /// A firm's people.
    static func firms(_ language: String, _ set: TrialSet) -> [String] {
        let all: [String] =
            switch language.prefix(2) {
            case "es":
                [
                    "Talleres Moreno, buenos días.", "Clínica San José, ¿en qué puedo ayudarle?",
                    "Buenas tardes, Hotel Central, le atiende Laura.", "Viajes Sol, dígame.",
                    "Ferretería López, buenas tardes, dígame.", "Buenos días, farmacia Ruiz, ¿qué desea?",
                    "Restaurante El Puerto, ¿en qué le ayudo?", "Seguros Norte, le habla Pedro, buenos días.",
                ]
            case "de":
                [
                    "Autohaus Becker, guten Tag.", "Praxis Doktor Klein, was kann ich für Sie tun?",
                    "Hotel Adler, mein Name ist Sabine, guten Tag.", "Bäckerei Vogel, guten Morgen.",
                    "Firma Lang und Söhne, guten Tag, wie kann ich helfen?", "Stadtwerke, Empfang, guten Tag.",
                    "Kanzlei Braun, Sie sprechen mit Frau Wolf.", "Reisebüro Sommer, was darf ich für Sie tun?",
                ]
            case "fr":
                [
                    "Garage Moreau, bonjour.", "Cabinet du docteur Petit, que puis-je faire pour vous?",
                    "Hôtel du Parc, Claire à votre service, bonjour.", "Boulangerie Laurent, bonjour.",
                    "Société Durand, bonjour, en quoi puis-je vous aider?", "Mairie de Lyon, bonjour.",
                    "Pharmacie Simon, bonjour, je vous écoute.", "Agence Soleil, Julie, bonjour.",
                ]
            case "it":
                [
                    "Officina Ferrari, buongiorno.", "Studio medico Conti, come posso aiutarla?",
                    "Hotel Roma, sono Giulia, buonasera.", "Panificio Greco, buongiorno.",
                    "Ditta Ricci e figli, buongiorno, mi dica.", "Comune di Torino, buongiorno.",
                    "Farmacia Marino, buonasera, dica pure.", "Agenzia Sole, parla Marco, buongiorno.",
                ]
            default:
                [
                    "Good morning, Smith and Sons, how can I help you?", "Acme Plumbing, this is Dave.",
                    "Good afternoon, City Dental, Karen speaking.", "Riverside Garage, can I help?",
                    "Thank you for calling Green's Bakery, this is Lucy.", "Front desk, how may I help you?",
                    "Hello, Parker and Lane, which department please?",
                    "Sunrise Travel, Michelle speaking, good morning.",
                    "Doctor Miller's office, how can I help you today?", "Reception, good morning.",
                    "Northern Insurance, you're speaking to Paul, how can I help?", "Kitchen, hello?",
                    "Good evening, the Royal Hotel, how may I direct your call?", "Taxi, where to?",
                    "West End Flowers, hi, this is Amy.", "Harbour Pizza, are you ready to order?",
                    "Thanks for calling Oak Street Books, what can I do for you?", "Sales, Robert speaking.",
                    "Hill Farm Supplies, good afternoon.", "Lakeside Veterinary, can you hold for a moment please?",
                    "Johnson Electric, Steve here.", "Good morning, Central Library, enquiries.",
                    "Main Street Barbers.", "Hello, Bright and Clean, you're through to Angela.",
                ]
            }
        return share(of: all, set)
    }

    static func shortMachines(_ language: String, _ set: TrialSet) -> [String] {
        let all: [String] =
            switch language.prefix(2) {
            case "es":
                [
                    "Deje su mensaje.", "Deje un mensaje después del tono.", "No estamos.",
                    "Ahora no puedo, deje mensaje.",
                ]
            case "de":
                [
                    "Bitte sprechen Sie.", "Nachricht nach dem Ton.", "Wir sind nicht da.",
                    "Bitte Nachricht hinterlassen.",
                ]
            case "fr":
                ["Laissez un message.", "Parlez après le bip.", "Nous sommes absents.", "Un message, s'il vous plaît."]
            case "it":
                [
                    "Lasciate un messaggio.", "Parlate dopo il segnale.", "Non siamo in casa.",
                    "Un messaggio, per favore.",
                ]
            default:
                [
                    "Leave a message.", "Please leave a message after the tone.", "You know what to do.",
                    "Leave your name and number.", "Not here right now. Leave a message.",
                    "Please speak after the tone.",
                    "Sorry I missed you. Leave a message.", "Message, please.",
                ]
            }
        return share(of: all, set)
    }

    static func personalMachines(_ language: String, _ set: TrialSet) -> [String] {
        let all: [String] =
            switch language.prefix(2) {
            case "es":
                [
                    "Hola, soy Ana. Ahora no puedo atenderte. Deja tu mensaje y te llamaré. Gracias.",
                    "Ha llamado a la familia García. En este momento no estamos en casa. Deje su mensaje.",
                    "Hola, este es el contestador de Luis, deja tu nombre y tu número después de la señal.",
                    "Hola. No estoy disponible ahora mismo, pero si dejas un mensaje te llamo en cuanto pueda.",
                ]
            case "de":
                [
                    "Hallo, hier ist Anna. Ich bin gerade nicht erreichbar. Bitte hinterlasst eine Nachricht. Danke.",
                    "Guten Tag, Sie haben die Nummer von Familie Schneider gewählt. Wir sind zurzeit nicht zu Hause.",
                    "Hier ist der Anrufbeantworter von Peter Wagner. Sprechen Sie bitte nach dem Signalton.",
                    "Hallo, leider kann ich im Moment nicht ans Telefon gehen, ich rufe aber gerne zurück.",
                ]
            case "fr":
                [
                    "Bonjour, c'est Marie. Je ne suis pas disponible pour le moment. Laissez-moi un message. Merci.",
                    "Vous êtes bien chez les Bernard. Nous sommes absents, laissez un message après le bip.",
                    "Salut, c'est le répondeur de Paul, laisse ton nom et ton numéro et je te rappelle.",
                    "Bonjour, je ne peux pas vous répondre, mais vous pouvez laisser un message après le signal sonore.",
                ]
            case "it":
                [
                    "Ciao, sono Maria. In questo momento non posso rispondere. Lascia un messaggio. Grazie.",
                    "Avete chiamato la famiglia Rossi. Non siamo in casa, lasciate un messaggio dopo il segnale.",
                    "Ciao, questa è la segreteria di Marco, lascia nome e numero e ti richiamo appena posso.",
                    "Buongiorno, al momento non sono disponibile, ma se lasciate un messaggio vi richiamerò.",
                ]
            default:
                [
                    "Hi, this is Anna. I can't come to the phone right now. Please leave a message and I'll call you back.",
                    "Hello, you've reached Tom Baker. I'm away from my desk. Leave your name and number. Thanks.",
                    "Hey, it's Peter. You missed me. Leave a message after the beep and I'll get back to you. Bye.",
                    "You have reached the Smith family. We're not home at the moment, so please leave a message.",
                    "Hi. Sorry I couldn't take your call. If you leave me a message I'll ring you as soon as I can.",
                    "This is Mary Jones at extension 4 2 0. I'm either on the phone or out of the office today.",
                    "Hello! We can't get to the phone, but your call is important to us. Talk to you soon.",
                    "Hi, you've got John's voicemail. Please don't leave a message, send me a text instead. Cheers.",
                    "Yo, this is Mike. Do your thing at the beep.",
                    "Good day, this is Susan Clark's telephone. I am travelling this week and will return on Monday.",
                    "Hello, David here, well, not really, it's my machine. Leave a message and have a great day.",
                    "Hi there, this is Emma. I'm probably in a meeting. Leave a short message after the tone, please.",
                    "You've reached Parker. I never check these. Text me.",
                    "Hello, thanks for calling. I'm not available right now, please leave your name, number and message.",
                    "Hey there, it's Kate and Bill. We're out with the dog. Leave us something nice. Bye bye.",
                    "This is the voice mail of Robert King. Please leave a detailed message and I will return your call.",
                ]
            }
        return share(of: all, set)
    }

    static func carrierMachines(_ language: String, _ set: TrialSet) -> [String] {
        let all: [String] =
            switch language.prefix(2) {
            case "es":
                [
                    "El número al que llama está apagado o fuera de cobertura. Deje su mensaje después de la señal.",
                    "Buzón de voz. En este momento no podemos atender su llamada. Grabe su mensaje.",
                    "El buzón del usuario está lleno. Inténtelo más tarde.",
                    "Por favor, diga su nombre después de la señal y compruebo si puede atenderle.",
                ]
            case "de":
                [
                    "Der gewünschte Gesprächspartner ist zurzeit nicht erreichbar. Bitte sprechen Sie nach dem Ton.",
                    "Willkommen bei der Mailbox. Hinterlassen Sie eine Nachricht nach dem Signalton.",
                    "Die Mailbox ist voll. Bitte rufen Sie später wieder an.",
                    "Bitte nennen Sie Ihren Namen und den Grund Ihres Anrufs. Ich sehe nach, ob die Person da ist.",
                ]
            case "fr":
                [
                    "Votre correspondant n'est pas disponible. Veuillez laisser un message après le signal sonore.",
                    "Bienvenue sur la messagerie vocale du numéro que vous avez composé. Parlez après le bip.",
                    "La boîte vocale de votre correspondant est pleine. Veuillez rappeler plus tard.",
                    "Veuillez dire votre nom et le motif de votre appel. Je vais voir si la personne est disponible.",
                ]
            case "it":
                [
                    "Il cliente da lei chiamato non è al momento raggiungibile. Lasciate un messaggio dopo il segnale.",
                    "Segreteria telefonica. Il numero chiamato non risponde. Si prega di lasciare un messaggio.",
                    "La casella vocale del cliente è piena. La preghiamo di richiamare più tardi.",
                    "Dica il suo nome e il motivo della chiamata. Verifico se la persona è disponibile.",
                ]
            default:
                [
                    "The person you are calling is not available. Please leave a message after the tone.",
                    "Your call has been forwarded to an automated voice message system. At the tone, please record.",
                    "The mailbox is full and cannot accept any messages at this time. Goodbye.",
                    "Hi, if you record your name and reason for calling, I'll see if this person is available.",
                    "The customer you are trying to reach is unavailable. Please try again later.",
                    "Welcome to the voicemail of 5 5 5, 0 1 2 3. Please leave your message after the beep.",
                    "We're sorry, the voice mailbox of the number you have dialled has not been set up yet. Goodbye.",
                    "The person you are calling is using a screening service. Please say your name after the tone.",
                    "The wireless customer is not answering. Please leave your message at the tone, or press one for more.",
                    "Please leave a message for, 5 5 5, 0 1 9 9. When you are finished, you may hang up.",
                    "Sorry, this mailbox is full. Please call back another time. Thank you.",
                    "Please state your name and why you are calling, and stay on the line.",
                    "The number you have called is switched off. You can leave a message after the long tone.",
                    "You are being transferred to voice mail. The party at extension 2 1 4 is not at the desk.",
                    "The mailbox you have reached cannot take messages now. Please try your call again later.",
                    "Before I try to connect you, can you tell me who is calling and what it is about?",
                ]
            }
        return share(of: all, set)
    }
}
