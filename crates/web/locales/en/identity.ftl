sign-in-passkey = Sign in with a passkey
sign-in-or-password = Or with password and authenticator app:
sign-in-lost = I cannot sign in any more
sign-out = Sign out
address = E-mail address
password = Password
code = Six digits from the authenticator app
go-on = Go on
save = Save
remove = Remove
recovery-title = Come back with a recovery code
recovery-what = A code is good once. After it you set up a new passkey or password.
recovery-code = Recovery code
recovery-none-left = No code left? Ask an administrator of your organisation for a new invitation.
enrol-title = Welcome to the desk
enrol-invited = { $organisation } invites you to its customer desk.
enrol-recovered = Your code was right. Set up a new way to sign in.
enrol-who = For { $address }. This link is good once, until { $until }.
enrol-with-passkey = Create a passkey and begin
enrol-with-password = Set the password and begin
enrol-password-instead = Use a password and an authenticator app instead
enrol-passkey-instead = Use a passkey instead
name = Your name
name-hint = This is how your colleagues see you.
passkey-what = A passkey signs you in with your fingerprint, your face or the PIN of your device. It cannot be stolen by a false page.
app-what = Photograph this picture with an authenticator app, or type the secret below it.
app-here = Open an app on this device
password-new = New password
password-hint = At least { $count } characters. A few words are easy to remember.
codes-title = Recovery codes
codes-what = Print these codes or write them down, and keep them away from your device. Each is good once. They are not shown again.
codes-kept = I have kept them
codes-left =
    { $count ->
         [one] { $count } code is left.
        *[other] { $count } codes are left.
    }
codes-renew = Make new codes
account-title = Your account
account-back = Back to your account
notice-invited-again = An administrator invited you again. Everything you signed in with before was removed.
notice-recovery-used = A recovery code of yours was used.
notice-passkey-added = A passkey was added.
notice-passkey-removed = A passkey was removed.
notice-password-changed = Your password was set or removed.
notice-seen = I know
passkeys = Passkeys
passkey-made = Made on { $day }
passkey-used = last used { $moment }
passkey-add = Add a passkey
password-title = Password and authenticator app
password-there = You have a password with an authenticator app.
password-none = You have no password. A passkey is safer.
password-set = Set a password
password-change = Change the password
password-remove = Remove the password
sessions = Where you are signed in
session-own = this browser
session-end = End
sessions-end-others = End all others
by-passkey = With a passkey
by-password = With a password
trouble-refused = That did not work. Check what you typed and try again.
trouble-too-many =
    { $minutes ->
         [one] Too many attempts. Try again in { $minutes } minute.
        *[other] Too many attempts. Try again in { $minutes } minutes.
    }
trouble-name = A name has 1 to 100 characters on one line.
trouble-passkey = The passkey was not accepted. Try again, or use another one.
trouble-too-slow = That took too long. Please begin again.
trouble-no-passkeys-here = Browsers allow passkeys only over HTTPS or on localhost. Here a password with an authenticator app is used.
trouble-too-many-passkeys = You have { $count } passkeys, which is the most. Remove one first.
trouble-password-length = A password has at least { $count } characters.
trouble-password-address = Your password must not be your address.
trouble-password-breached = This password is on a list of stolen passwords. Choose another one.
trouble-code = These are not the digits that the app shows now. Check the clock of your device and type the next ones.
trouble-last-means = This is your only way to sign in. Add another one first.
trouble-sign-in-again = To change this, sign in again.
