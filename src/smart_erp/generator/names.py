"""First and last names of many origins, combined at random."""
# ruff: noqa: SIM905 - two words a line as list literals would fill six screens

FIRST_NAMES = """
Ada Adam Aisha Aiko Alan Alisher Amara Amir Ana Anton Arjun Aya Aziz Bella Boris Bruno Camila Carla
Chen Clara Dalia Daniel Daria David Diego Dilnoza Elena Eli Elif Emil Emma Erik Esra Eva Farid
Fatima Felix Gabriel Gita Hana Hassan Hugo Ibrahim Ida Igor Ines Iris Ivan Jamal Jana Jasur Jonas
Jorge Judit Kamila Karim Kenji Kira Laila Lars Leo Lina Lola Luca Madina Malik Marco Maria Marta
Maya Mei Milan Mina Mohira Nadia Nina Noah Nodira Nora Olga Omar Oskar Otabek Pablo Paula Pavel
Petra Priya Rafael Rania Ravi Rosa Rustam Sami Sara Sofia Stefan Tara Timur Tomas Umida Uri Vera
Viktor Wei Yara Yusuf Zara Zoya
""".split()

LAST_NAMES = """
Abdi Adeyemi Akbarov Albers Alvarez Andersen Aoki Arslan Aslanov Baker Banerjee Barros Bauer Becker
Benali Berg Bianchi Blum Boateng Bondar Castro Chaudhry Chen Costa Cruz Dahl Danso Demir Diallo Diaz
Duarte Egger Ekholm Eriksen Farkas Fernandes Fischer Flores Fontaine Fuchs Garcia Georgiou Ghosh
Gomez Greene Gruber Haddad Hansen Haydarov Herrera Hoang Holm Horvat Huang Ibragimov Ito Ivanov
Jansen Jensen Joshi Kamara Karimov Kaya Keller Khan Kim Kovacs Kowalski Krause Kumar Laine Larsen
Laurent Lee Lindgren Lopes Lund Mahmudov Marino Martins Mensah Meyer Molina Moreau Mori Musaev
Nakamura Nasser Navarro Nazarov Nguyen Novak Okafor Olsen Ortiz Osman Park Patel Peeters Petrov
Popescu Quist Rahimov Ramos Rao Reyes Ricci Rossi Saidov Santos Sato Schmid Sharma Silva Simic Singh
Sousa Strand Suzuki Tahirov Takahashi Toth Tran Usmanov Vargas Vogel Wagner Weber Wong Yamada Yilmaz
Yusupov Zhang Ziegler
""".split()
